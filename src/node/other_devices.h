// What the user's other devices have published: the newest record of an address counts, whichever
// device signed it, and each of them keeps that one alive.
#pragma once

#include "dht/location_service.h"
#include "dht/locator_cache.h"
#include "dht/record_filter.h"
#include "dht/wake_up.h"
#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/identity.h"
#include "src/node/publisher.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class OtherDevices {
public:
    struct World {
        asio::io_context& owner;
        location::LocationService& location;
        Publisher& publisher;
        WorkerPool& workers;
        Identity const& identity;
        Clock const& clock;
        EventLog const& log;
    };

    explicit OtherDevices(World world)
        : world_(world)
        , locators_(world.workers)
        , wake_(world.owner.get_executor()) {}

    /// Looks before the publisher says anything, so that a device that was off for a time takes
    /// nothing back; starts the publisher, and looks again now and then.
    void start();
    void stop();

private:
    asio::awaitable<void> look_regularly();
    asio::awaitable<void> look(Address address);
    asio::awaitable<std::optional<location::StorageFinding>> newest_in(Address address,
                                                                       PublicKey slot_owner,
                                                                       Locator locator);

    World world_;
    location::LocatorCache locators_;  ///< of our own addresses, looked at again and again
    location::WakeUp wake_;
    bool stopped_ = false;
};

}  // namespace satchel::node
