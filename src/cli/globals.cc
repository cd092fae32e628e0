#include "src/cli/globals.h"

namespace satchel::cli {

Result<std::vector<ConfigOverride>> Globals::overrides() const {
    return parse_overrides(settings);
}

Result<Config> Globals::config() const {
    auto const on_top = overrides();
    if (!on_top) return fail(on_top.error());
    return load_config(home, *on_top);
}

}  // namespace satchel::cli
