// How a blob travels: pure functions of size, receivers, sources and reachability. Why these
// figures: one to one a swarm is slower than a connection; for 8 receivers on an uplink of 20 MB/s
// it is five times as fast as one by one, but it takes two seconds until it is under way, and where
// the uplink is quick all have the blob before that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace satchel::transfer {

enum class Route {
    inline_offer,  ///< within the offer
    direct,        ///< over the control connection
    pull,          ///< the receiver came for it
    relay,         ///< over the receiver's gateway, where neither side can be dialled
    swarm,         ///< several receivers or sources share the work
};

char const* to_string(
    Route route);  ///< "inline", "direct", "pull", "relay", "swarm": what `--json` says

struct RouteFacts {
    std::uint64_t size = 0;       ///< of the blob, in bytes
    std::size_t receivers = 1;    ///< nodes that get this very blob, now
    std::size_t near = 0;         ///< of the receivers, on this very machine
    std::size_t sources = 1;      ///< nodes that hold it
    bool dialable = true;         ///< the receiver takes our connection
    bool swarm_possible = false;  ///< both sides run one, and the receivers are To or Cc and open
    std::uint64_t uplink = 0;     ///< bytes a second; 0: unknown, and taken for a gigabit's
};

Route choose_route(RouteFacts const& facts);

}  // namespace satchel::transfer
