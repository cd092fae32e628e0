// Asks the gateways of this home's domains for bindings, and renews them in time.
#pragma once

#include <filesystem>
#include <optional>

#include "dht/wake_up.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/node/gateway_finder.h"
#include "src/node/publisher.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class Enroller {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        GatewayFinder& finder;
        transfer::ControlClient& client;
        Publisher& publisher;
        Identity const& identity;
        Clock const& clock;
        EventLog const& log;
        std::filesystem::path home;  ///< older user keys there speak for this one
    };

    explicit Enroller(World world)
        : world_(std::move(world))
        , wake_(world_.owner.get_executor()) {}

    /// The binding, published from now on; none: a code is on its way by mail. Without a code a
    /// binding comes only where this home's key, or an older one of it, is bound already.
    asio::awaitable<Result<std::optional<BindingGrant>>> enroll(Address address, std::string code);

    /// Renews by itself what is bound, once a third of its time is left.
    void start();
    void stop();

private:
    asio::awaitable<void> renew_regularly();
    asio::awaitable<Result<std::optional<BindingGrant>>> ask(Address address, std::string code);

    World world_;
    location::WakeUp wake_;
    bool stopped_ = false;
};

}  // namespace satchel::node
