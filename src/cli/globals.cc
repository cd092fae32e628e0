#include "src/cli/globals.h"

namespace satchel::cli {

Result<std::vector<ConfigOverride>> Globals::overrides() const {
    std::vector<ConfigOverride> overrides;
    for (std::string const& setting : settings) {
        auto parsed = parse_override(setting);
        if (!parsed) return fail(parsed.error());
        overrides.push_back(std::move(*parsed));
    }
    return overrides;
}

Result<Config> Globals::config() const {
    auto const on_top = overrides();
    if (!on_top) return fail(on_top.error());
    return load_config(home, *on_top);
}

}  // namespace satchel::cli
