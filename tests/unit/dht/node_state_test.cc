#include "dht/node_state.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::location;

namespace {

NodeState sample(std::size_t peers) {
    NodeState state;
    state.id[0] = 0xab;
    for (std::size_t i = 0; i < peers; ++i) {
        KnownPeer peer;
        peer.id[19] = static_cast<Byte>(i);
        peer.endpoint = i % 2 ? Endpoint{"192.0.2.1", 7475} : Endpoint{"2001:db8::1", 7475};
        state.peers.push_back(peer);
    }
    return state;
}

}  // namespace

TEST_CASE("node state: what is written is read back") {
    for (std::size_t const peers : {0U, 1U, 2U, 256U}) {
        CAPTURE(peers);
        auto const state = sample(peers);
        auto const back = parse_node_state(format_node_state(state));
        REQUIRE(back);
        CHECK(*back == state);
    }
    CHECK(parse_node_state(format_node_state(sample(300)))->peers.size() == 256);
}

TEST_CASE("node state: refuses what it did not write") {
    std::string const id(40, 'a');
    std::string const head = "satchel-dht 1\nnode " + id + "\n";
    std::string many = head;
    for (int i = 0; i < 257; ++i)
        many += "peer " + id + " 192.0.2.1:7475\n";

    struct Row {
        char const* why;
        std::string text;
    };

    for (Row const& row : {
             Row{"empty", ""},
             Row{"another file", "hello\n"},
             Row{"another version", "satchel-dht 2\nnode " + id + "\n"},
             Row{"no node", "satchel-dht 1\n"},
             Row{"a short id", "satchel-dht 1\nnode " + id.substr(2) + "\n"},
             Row{"an id that is not hex", "satchel-dht 1\nnode " + std::string(40, 'g') + "\n"},
             Row{"cut off", head.substr(0, head.size() - 1)},
             Row{"a peer cut off", head + "peer " + id + " 192.0.2.1:7475"},
             Row{"a peer without endpoint", head + "peer " + id + "\n"},
             Row{"a peer by name", head + "peer " + id + " example.test:7475\n"},
             Row{"port 0", head + "peer " + id + " 192.0.2.1:0\n"},
             Row{"an unknown word", head + "pear " + id + " 192.0.2.1:7475\n"},
             Row{"an empty line", head + "\n"},
             Row{"too many peers", many},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(parse_node_state(row.text));
    }
}
