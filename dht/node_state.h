// What a DHT node remembers over a restart: its id in the DHT and the peers it knew. One line of
// text each.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::location {

using DhtNodeId = std::array<Byte, 20>;

struct KnownPeer {
    DhtNodeId id{};
    Endpoint endpoint;

    friend bool operator==(KnownPeer const&, KnownPeer const&) = default;
};

struct NodeState {
    DhtNodeId id{};
    std::vector<KnownPeer> peers;  ///< at most 256 are written and read

    friend bool operator==(NodeState const&, NodeState const&) = default;
};

/// "satchel-dht 1", "node <id>", then "peer <id> <endpoint>" per peer; ids in hex.
std::string format_node_state(NodeState const& state);
Result<NodeState> parse_node_state(std::string_view text);

}  // namespace satchel::location
