// What a node and its swarm process say to each other, and invitations: what is read is written
// again the same way.
#include <cstdint>

#include "tests/fuzz/require.h"
#include "transfer/swarm_invitation.h"

using namespace satchel;
using namespace satchel::transfer;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    if (auto const order = decode_swarm_order(bytes))
        require(decode_swarm_order(encode_swarm_order(*order)).has_value());
    if (auto const word = decode_swarm_word(bytes))
        require(decode_swarm_word(encode_swarm_word(*word)).has_value());
    if (auto const invitation = decode_swarm_invitation(bytes))
        require(decode_swarm_invitation(encode_swarm_invitation(*invitation)) == *invitation);
    return 0;
}
