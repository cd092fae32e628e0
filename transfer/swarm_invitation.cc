#include "transfer/swarm_invitation.h"

namespace satchel::transfer {

Bytes encode_swarm_invitation(SwarmInvitation const& invitation) {
    MsgpackWriter out;
    out.map(4);
    out.key(1).binary(invitation.layer);
    write_swarm_peers(out.key(2), invitation.peers);
    out.key(3).number(invitation.share.index);
    out.key(4).number(invitation.share.of);
    return out.take();
}

Result<SwarmInvitation> decode_swarm_invitation(ByteSpan body) {
    auto const value = decode_msgpack(body, swarm_invitation_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    SwarmInvitation invitation;
    invitation.layer = fields.binary(1, control_limits::layer_bytes);
    invitation.peers = read_swarm_peers(fields, 2);
    invitation.share = {fields.number32(3), fields.number32(4)};
    if (auto status = fields.status(); !status) return fail(status.error());
    if (invitation.share.index >= invitation.share.of)
        return fail(Fault::corrupt, "a share that is none");
    return invitation;
}

}  // namespace satchel::transfer
