// Any text as satchel.toml, and as what follows --set.
#include <cstdint>
#include <string>

#include "src/base/bytes.h"
#include "src/core/config.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text(text_of({data, size}));
    auto const config = parse_config(text, "satchel.toml", {}, "/home/bob");
    if (!config) require(config.error().fault == Fault::config);
    auto const setting = parse_override(text);
    if (!setting) return 0;
    auto const set = parse_config("", "satchel.toml", {*setting}, "/home/bob");
    if (!set) require(set.error().fault == Fault::usage || set.error().fault == Fault::config);
    return 0;
}
