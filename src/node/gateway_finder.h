// Finds the gateway that serves a domain's users: the one that the settings name, else the domain's
// own.
#pragma once

#include <optional>
#include <string>

#include "src/base/worker_pool.h"
#include "src/core/config.h"
#include "src/core/gateway_place.h"
#include "src/node/trust_view.h"
#include "transfer/peer_connections.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class GatewayFinder {
public:
    GatewayFinder(NodeSettings const& settings, TrustSource const& trust, WorkerPool& workers)
        : settings_(settings)
        , trust_(trust)
        , workers_(workers) {}

    /// `domain` in A-labels. None: nobody says which.
    asio::awaitable<std::optional<GatewayPlace>> find(std::string domain);

    /// Its addresses, looked up now. The peer may see our user key.
    asio::awaitable<Result<transfer::Peer>> reach(GatewayPlace place);

private:
    NodeSettings const& settings_;
    TrustSource const& trust_;
    WorkerPool& workers_;
};

}  // namespace satchel::node
