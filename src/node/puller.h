// Comes for what a notice tells of: asks whoever left it for the offer, judges that as any other,
// takes the blob, and brings the receipt (claims 6-7, 17-18, 30-31, 36-37).
#pragma once

#include <chrono>
#include <deque>
#include <set>

#include "src/base/event_log.h"
#include "src/core/identity.h"
#include "src/core/pull_notice.h"
#include "src/node/blob_fetcher.h"
#include "src/node/storage_host.h"
#include "transfer/control_server.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class Puller {
public:
    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::ControlClient& client;
        transfer::ControlServer const& server;
        BlobFetcher& fetcher;
        StorageHost& host;
        Identity const& identity;
        Clock const& clock;
        EventLog const& log;
    };

    explicit Puller(World world)
        : world_(world) {}

    /// Soon. A stranger may have left the notice: how many are followed is bounded.
    void follow(PullNotice notice);

    void stop() { stopped_ = true; }

private:
    asio::awaitable<void> work(PullNotice notice);
    void begin_next();
    asio::awaitable<Status> pull(PullNotice notice);
    asio::awaitable<Status> take(BlobHolder holder);
    bool may_dial();

    World world_;
    std::deque<PullNotice> waiting_;
    std::deque<std::chrono::steady_clock::time_point> dials_;
    std::set<OfferId> at_work_;
    bool stopped_ = false;
};

}  // namespace satchel::node
