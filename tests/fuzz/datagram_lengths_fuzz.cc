// Any datagram: what passes is a whole msgpack value to the parser that OpenDHT uses, so that no
// length in it makes that parser reserve room for more than there is.
#include <cstdint>

#include <msgpack.hpp>

#include "dht/datagram_lengths.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 16 * 1024 || !location::lengths_hold({data, size})) return 0;
    try {
        std::size_t end = 0;
        auto const value = msgpack::unpack(reinterpret_cast<char const*>(data), size, end);
        require(end <= size);
    } catch (msgpack::unpack_error const&) {
        require(false);
    }
    return 0;
}
