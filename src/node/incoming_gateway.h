// This node's way to the gateway that keeps attachments while it is off: says that it is here, and
// fetches what is kept (claims 21, 26-27).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "src/base/event_log.h"
#include "src/core/identity.h"
#include "src/node/blob_fetcher.h"
#include "src/node/gateway_finder.h"
#include "src/node/publisher.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class IncomingGateway {
public:
    struct World {
        asio::io_context& owner;
        transfer::ControlClient& client;
        BlobFetcher& fetcher;
        GatewayFinder& finder;
        Publisher& publisher;  ///< names the gateway in its records
        Identity const& identity;
        EventLog const& log;
    };

    explicit IncomingGateway(World world)
        : world_(world)
        , timer_(world.owner) {}

    /// What is done with what comes over a line.
    struct LineUse {
        std::function<void(PullNotice)> follow;
        std::function<void(asio::ip::tcp::socket)> serve;  ///< somebody was met at the gateway
    };

    /// For a node that cannot be dialled: holds a line to each gateway.
    void hold_lines(LineUse use) { use_ = std::move(use); }

    /// Hears what each gateway keeps for this home's users, whenever that is told.
    void on_waiting(std::function<void(GatewayPlace const&, std::vector<Offer> const&)> hear) {
        hear_ = std::move(hear);
    }

    /// Says now, and every few minutes, that this node is here: whatever waits is brought then.
    void start();
    void stop();

    /// Which gateway keeps a blob for this home. Fault::not_found: none does. Fault::unavailable:
    /// it can't be reached.
    asio::awaitable<Result<std::vector<BlobHolder>>> find(ContentId id);

private:
    asio::awaitable<void> call_regularly();
    asio::awaitable<Status> call(GatewayPlace place);
    void keep_line(GatewayPlace const& place);
    asio::awaitable<void> hold_line(GatewayPlace place);
    asio::awaitable<void> come_to(transfer::MeetingPlace place);
    /// Of all domains of this home's addresses.
    asio::awaitable<std::vector<GatewayPlace>> places();
    asio::awaitable<Result<BlobHolder>> find_at(GatewayPlace place, ContentId id);

    World world_;
    asio::steady_timer timer_;
    std::optional<LineUse> use_;
    std::function<void(GatewayPlace const&, std::vector<Offer> const&)> hear_;
    std::vector<GatewayPlace> lines_;  ///< held now
    std::size_t coming_ = 0;           ///< to meetings, whose other side is not there yet
    bool stopped_ = false;
};

}  // namespace satchel::node
