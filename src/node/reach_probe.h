// Dials another node back, so that it learns whether it can be reached: only at the IP address that
// it asks from, and not often. What is found is told to the asker alone.
#pragma once

#include <chrono>
#include <string>

#include "dht/location_service.h"
#include "dht/lru_map.h"
#include "src/base/worker_pool.h"
#include "transfer/control_client.h"
#include "transfer/control_host.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class ReachProbe {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::TlsIdentity& tls;
        transfer::EndpointRule rule;
        location::LocationService& location;
    };

    explicit ReachProbe(World world)
        : world_(std::move(world)) {}

    /// For dials from now on.
    void use_rule(transfer::EndpointRule rule) { world_.rule = std::move(rule); }

    /// Fault::unavailable: asked too often.
    asio::awaitable<Result<transfer::ReachAnswer>> try_reach(transfer::Caller caller,
                                                             transfer::ReachRequest request);

private:
    using Ticks = std::chrono::steady_clock::time_point;

    bool may_ask(std::string const& ip);
    asio::awaitable<bool> takes_connections(Endpoint endpoint);

    World world_;
    location::LruMap<std::string, Ticks> asked_{256};  ///< by IP address
    unsigned running_ = 0;
};

}  // namespace satchel::node
