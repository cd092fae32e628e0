// Hands what this home publishes to the gateways that keep it alive while the home is off.
#pragma once

#include <map>
#include <set>
#include <string>

#include "dht/location_service.h"
#include "dht/wake_up.h"
#include "src/base/event_log.h"
#include "src/core/address.h"
#include "src/node/gateway_finder.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class RecordCourier {
public:
    struct World {
        asio::io_context& owner;
        GatewayFinder& finder;
        transfer::ControlClient& client;
        NodeKey self;  ///< a gateway needs no courier to itself
        EventLog const& log;
    };

    explicit RecordCourier(World world)
        : world_(world)
        , wake_(world.owner.get_executor()) {}

    void start();
    void stop();

    /// The newest record of its place is on its way soon, and tried again until it has arrived.
    void take(Address const& address, RecordEnvelope const& record);

    /// One try for all that has not arrived yet.
    asio::awaitable<void> deliver();

private:
    struct Parcel {
        Address address;
        RecordEnvelope record;
    };

    asio::awaitable<void> run();
    asio::awaitable<Status> deliver_to(GatewayPlace gateway, std::string domain);
    asio::awaitable<Status> deliver_of(transfer::Peer gateway, std::string address);

    World world_;
    location::WakeUp wake_;
    std::map<std::pair<std::string, location::RecordPlace>, Parcel> waiting_;
    bool stopped_ = false;
    std::set<std::string> told_;  ///< domains whose gateway is away, and it was said
};

}  // namespace satchel::node
