// What the process `satchel swarm` does: takes a node's orders from a message socket, and has
// libtorrent carry them out.
#pragma once

#include "src/base/unique_fd.h"
#include "src/core/endpoint.h"

namespace satchel::transfer {

/// Returns when the node has gone, or an order makes no sense; Fault::unavailable where nothing can
/// be listened on.
Status run_swarm_worker(UniqueFd node, Endpoint const& listen);

}  // namespace satchel::transfer
