// Looks a home over: what its domains, records, gateways, ports, clock and disk are like, and what
// to do. Facts are gathered here; what they mean is judged in checkup.h.
#pragma once

#include <string>
#include <vector>

#include "dht/address_resolver.h"
#include "src/node/checkup.h"
#include "src/node/gateway_finder.h"
#include "src/node/publisher.h"
#include "src/node/swarm_station.h"
#include "transfer/blob_store.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class Doctor {
public:
    struct World {
        asio::io_context& owner;
        Config const& config;
        Home const& home;
        Identity const& identity;
        TrustSource const& trust;
        location::LocationService& location;
        location::AddressResolver& resolver;
        Publisher const& publisher;
        GatewayFinder& finder;
        transfer::ControlClient& client;
        transfer::BlobStore& store;
        WorkerPool& workers;
        Clock const& clock;
        std::vector<Endpoint> const& endpoints;  ///< of the control port
        Endpoint dht_listening;
        SwarmStation const* swarm;  ///< null: none here
    };

    explicit Doctor(World world)
        : world_(std::move(world)) {}

    /// Some seconds where somebody does not answer. `settled`: this node is here to stay, so that
    /// it makes sense to ask others whether they reach it.
    asio::awaitable<std::vector<Finding>> examine(bool settled);

private:
    struct Examination;

    asio::awaitable<void> look_at_domain(Examination& all, TrustView const& view,
                                         std::string domain);
    asio::awaitable<void> look_at_address(Examination& all, TrustView const& view, Address address);
    asio::awaitable<void> ask_others(Examination& all);
    asio::awaitable<Finding> look_at_disk();

    World world_;
};

}  // namespace satchel::node
