#include "dht/lost_peers.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::location;

namespace {

std::vector<Endpoint> peers(std::uint16_t first, std::uint16_t last) {
    std::vector<Endpoint> all;
    for (auto port = last; port >= first; --port)
        all.push_back({"192.0.2.1", port});
    return all;
}

}  // namespace

TEST_CASE("lost peers: who was a neighbour and is none is called, in turns, and not for ever") {
    LostPeers lost;
    lost.note_neighbours(peers(1, 20));
    CHECK(lost.take_turns().empty());
    lost.note_neighbours(peers(1, 10));
    std::size_t calls = 0;
    for (auto turns = lost.take_turns(); !turns.empty(); turns = lost.take_turns()) {
        CHECK(turns.size() <= 8);
        for (Endpoint const& peer : turns)
            CHECK(peer.port > 10);
        calls += turns.size();
    }
    CHECK(calls == 10 * 12);
}

TEST_CASE("lost peers: who is back is lost no more") {
    LostPeers lost;
    lost.note_neighbours(peers(1, 4));
    lost.note_neighbours(peers(3, 4));
    lost.note_neighbours(peers(2, 4));
    CHECK(lost.take_turns() == peers(1, 1));
    lost.note_answer({"192.0.2.1", 1});
    CHECK(lost.take_turns().empty());
    lost.note_neighbours(peers(3, 4));
    CHECK(lost.take_turns() == peers(2, 2));
    lost.note_neighbours(peers(1, 4));
    CHECK(lost.take_turns().empty());
}

TEST_CASE("lost peers: many that go at once don't make it grow") {
    LostPeers lost;
    lost.note_neighbours(peers(1, 1'000));
    lost.note_neighbours({});
    std::size_t calls = 0;
    for (auto turns = lost.take_turns(); !turns.empty(); turns = lost.take_turns())
        calls += turns.size();
    CHECK(calls == 128 * 12);
}
