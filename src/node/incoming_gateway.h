// This node's way to the gateway that keeps attachments while it is off: says that it is here, and
// fetches what is kept (claims 21, 26-27).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/core/config.h"
#include "src/core/identity.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class IncomingGateway {
public:
    using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::ControlClient& client;
        transfer::BlobStore& store;
        NodeSettings const& settings;
        Identity const& identity;
        Clock const& clock;
        EventLog const& log;
    };

    explicit IncomingGateway(World world)
        : world_(world)
        , timer_(world.owner) {}

    bool is_known() const {
        return !world_.settings.incoming_gateway.empty() && world_.settings.incoming_gateway_key;
    }

    /// Says now, and every few minutes, that this node is here: whatever waits is brought then.
    void start();
    void stop();

    /// Brings a blob that the gateway keeps for this home into the own store. Fault::not_found: it
    /// keeps none. Fault::unavailable: it can't be reached.
    asio::awaitable<Status> fetch(ContentId id, Progress progress);

private:
    asio::awaitable<void> call_regularly();
    asio::awaitable<Result<transfer::Peer>> peer();
    asio::awaitable<Status> take(transfer::Peer peer, Offer offer, Progress progress);
    asio::awaitable<Status> await_arrival(ContentId id);

    World world_;
    asio::steady_timer timer_;
    bool stopped_ = false;
};

}  // namespace satchel::node
