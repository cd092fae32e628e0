#include "transfer/swarm_message.h"

#include <doctest/doctest.h>

#include "transfer/merkle_root.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

StartSwarmJob sample_start() {
    StartSwarmJob start;
    start.job = 7;
    start.what.content_id.bytes.fill(3);
    start.what.size = 3'000'000;  // 12 pieces
    start.what.peers = {{{{"192.0.2.1", 7474}, {"2001:db8::1", 7474}}}, {{{"192.0.2.2", 1}}}};
    start.what.share = {2, 3};
    start.what.have.resize(pieces_in(3'000'000));
    start.what.have[0] = start.what.have[11] = true;
    start.with_kept = start.with_fresh = true;
    return start;
}

}  // namespace

TEST_CASE("swarm message: orders come back as they went") {
    auto const start = sample_start();
    auto const read = decode_swarm_order(encode_swarm_order(start));
    REQUIRE(read);
    auto const& again = std::get<StartSwarmJob>(*read);
    CHECK(again.job == 7);
    CHECK(again.what.content_id == start.what.content_id);
    CHECK(again.what.size == 3'000'000);
    CHECK(again.what.peers == start.what.peers);
    CHECK(again.what.share == start.what.share);
    CHECK(again.what.have == start.what.have);
    CHECK(again.with_kept);
    CHECK(again.with_fresh);
    CHECK(std::get<DialSwarmJob>(*decode_swarm_order(encode_swarm_order(DialSwarmJob{9}))).job ==
          9);
    CHECK(std::get<StopSwarmJob>(*decode_swarm_order(encode_swarm_order(StopSwarmJob{8}))).job ==
          8);
    CHECK(std::get<SwarmRates>(*decode_swarm_order(encode_swarm_order(SwarmRates{5, 6}))) ==
          SwarmRates{5, 6});
}

TEST_CASE("swarm message: the largest order fits") {
    StartSwarmJob start = sample_start();
    start.what.size = std::uint64_t{1} << 40U;
    start.what.have.assign(swarm_pieces_max, true);
    std::vector<Endpoint> const four(4, Endpoint{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535});
    start.what.peers.assign(swarm_peers_max, SwarmPeer{four});
    Bytes const bytes = encode_swarm_order(start);
    CHECK(bytes.size() < swarm_message_bytes);
    CHECK(decode_swarm_order(bytes));
}

TEST_CASE("swarm message: words come back as they went, in plain characters") {
    auto const up = decode_swarm_word(encode_swarm_word(SwarmIsUp{{"::1", 4}}));
    CHECK(std::get<SwarmIsUp>(*up).listening == Endpoint{"::1", 4});
    auto const piece = decode_swarm_word(encode_swarm_word(SwarmPieceCame{1, 2}));
    CHECK(std::get<SwarmPieceCame>(*piece).index == 2);
    auto const dropped =
        decode_swarm_word(encode_swarm_word(SwarmPeerDropped{1, "192.0.2.1", "a\nb\xff"}));
    CHECK(std::get<SwarmPeerDropped>(*dropped).why == "a?b?");
    auto const failed =
        decode_swarm_word(encode_swarm_word(SwarmJobFailed{3, std::string(900, 'w')}));
    CHECK(std::get<SwarmJobFailed>(*failed).why == std::string(200, 'w'));
    CHECK(std::get<SwarmTraffic>(*decode_swarm_word(encode_swarm_word(SwarmTraffic{1, 2, 3}))) ==
          SwarmTraffic{1, 2, 3});
}

TEST_CASE("swarm message: refuses what makes no sense") {
    struct Row {
        char const* why;
        void (*spoil)(StartSwarmJob&);
    };

    for (Row const& row : {
             Row{"no size", [](StartSwarmJob& s) { s.what.size = 0; }},
             Row{"another size than bits", [](StartSwarmJob& s) { s.what.size = 90'000'000; }},
             Row{"a share outside",
                 [](StartSwarmJob& s) {
                     s.what.share = {3, 3};
                 }},
             Row{"no shares",
                 [](StartSwarmJob& s) {
                     s.what.share = {0, 0};
                 }},
             Row{"too many peers", [](StartSwarmJob& s) { s.what.peers.resize(65); }},
             Row{"five endpoints",
                 [](StartSwarmJob& s) {
                     s.what.peers[0].endpoints.resize(5, {"192.0.2.1", 1});
                 }},
             Row{"larger than any blob", [](StartSwarmJob& s) { s.what.size = 1ULL << 45U; }},
         }) {
        CAPTURE(row.why);
        StartSwarmJob start = sample_start();
        row.spoil(start);
        CHECK_FALSE(decode_swarm_order(encode_swarm_order(start)));
    }
    MsgpackWriter unknown;
    unknown.map(1).key(0).number(9);
    Bytes const bytes = unknown.take();
    CHECK_FALSE(decode_swarm_order(bytes));
    CHECK_FALSE(decode_swarm_word(bytes));
    CHECK_FALSE(decode_swarm_word({}));
    CHECK_FALSE(decode_swarm_word(encode_swarm_word(SwarmPieceCame{1, swarm_pieces_max + 1})));
}
