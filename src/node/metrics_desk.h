// Gathers the figures of a node, and asks the gateway of its home, where one runs, for those of the
// queue.
#pragma once

#include <chrono>
#include <filesystem>

#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/config.h"
#include "src/node/metrics.h"
#include "src/node/storage_host.h"

namespace satchel::node {

class BlobCarrier;

/// Owner's thread; all references must outlive it.
class MetricsDesk {
public:
    struct World {
        Config const& config;
        transfer::BlobStore& store;
        StorageHost const& host;
        OutgoingOffers const& outgoing;
        BlobCarrier const& carrier;
        Depositor const& depositor;
        Escrow const* escrow;  ///< null where nothing may be kept
        location::LocationService const& location;
        WorkerPool& workers;
        Clock const& clock;
        EventLog const& log;
        std::filesystem::path gateway_socket;
    };

    explicit MetricsDesk(World world)
        : world_(std::move(world)) {}

    /// What can't be had now (a store that is busy, a gateway that does not answer) is left out.
    asio::awaitable<Metrics> gather();

private:
    asio::awaitable<std::optional<QueueMetrics>> ask_gateway();

    World world_;
    std::optional<QueueMetrics> queue_;  ///< as last told
    std::uint64_t queue_at_ = 0;         ///< Unix seconds
};

}  // namespace satchel::node
