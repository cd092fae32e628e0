// "Get this blob together with these": body of `PUT /v1/blobs/{id}/swarm`. Bytes:
// transfer/PROTOCOL.md.
#pragma once

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "transfer/control_limits.h"
#include "transfer/swarm_message.h"

namespace satchel::transfer {

struct SwarmInvitation {
    Bytes layer;                   ///< piece layer of the blob
    std::vector<SwarmPeer> peers;  ///< the other receivers; the sender's are in its offer
    SwarmShare share;

    friend bool operator==(SwarmInvitation const&, SwarmInvitation const&) = default;
};

inline constexpr std::size_t swarm_invitation_bytes_beside_layer = 16 * 1024;
inline constexpr std::size_t swarm_invitation_bytes =
    control_limits::layer_bytes + swarm_invitation_bytes_beside_layer;
static_assert(swarm_peers_max * 4 * 24 < swarm_invitation_bytes_beside_layer);

Bytes encode_swarm_invitation(SwarmInvitation const& invitation);
Result<SwarmInvitation> decode_swarm_invitation(ByteSpan body);

}  // namespace satchel::transfer
