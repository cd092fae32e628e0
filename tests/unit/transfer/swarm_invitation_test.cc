#include "transfer/swarm_invitation.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::transfer;

namespace {

SwarmInvitation sample() {
    return {.layer = Bytes(64, 7),
            .peers = {{{{"192.0.2.1", 7474}}}, {{{"2001:db8::1", 1}, {"192.0.2.2", 2}}}},
            .share = {1, 3}};
}

}  // namespace

TEST_CASE("swarm invitation: comes back as it went") {
    auto const read = decode_swarm_invitation(encode_swarm_invitation(sample()));
    REQUIRE(read);
    CHECK(*read == sample());
}

TEST_CASE("swarm invitation: the largest fits") {
    SwarmInvitation large = sample();
    large.layer.assign(control_limits::layer_bytes, 1);
    std::vector<Endpoint> const four(4, Endpoint{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535});
    large.peers.assign(swarm_peers_max, SwarmPeer{four});
    Bytes const body = encode_swarm_invitation(large);
    CHECK(body.size() <= swarm_invitation_bytes);
    CHECK(decode_swarm_invitation(body));
}

TEST_CASE("swarm invitation: refuses what makes no sense") {
    struct Row {
        char const* why;
        void (*spoil)(SwarmInvitation&);
    };

    for (Row const& row : {
             Row{"a share outside",
                 [](SwarmInvitation& i) {
                     i.share = {3, 3};
                 }},
             Row{"no shares",
                 [](SwarmInvitation& i) {
                     i.share = {0, 0};
                 }},
             Row{"too many peers", [](SwarmInvitation& i) { i.peers.resize(65); }},
             Row{"no port", [](SwarmInvitation& i) { i.peers[0].endpoints[0].port = 0; }},
             Row{"no address", [](SwarmInvitation& i) { i.peers[0].endpoints[0].ip = "b.test"; }},
         }) {
        CAPTURE(row.why);
        SwarmInvitation spoilt = sample();
        row.spoil(spoilt);
        CHECK_FALSE(decode_swarm_invitation(encode_swarm_invitation(spoilt)));
    }
    CHECK_FALSE(decode_swarm_invitation({}));
}
