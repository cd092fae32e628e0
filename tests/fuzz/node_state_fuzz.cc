// Any octets as the file in which a DHT node remembers its peers.
#include <cstdint>

#include "dht/node_state.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const state = location::parse_node_state(text_of({data, size}));
    if (!state) return 0;
    auto const again = location::parse_node_state(location::format_node_state(*state));
    require(again && *again == *state);
    return 0;
}
