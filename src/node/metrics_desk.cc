#include "src/node/metrics_desk.h"

#include "src/node/blob_carrier.h"
#include "src/node/local_api_client.h"
#include "src/node/local_metrics.h"

namespace satchel::node {

namespace {

// The gateway reads its whole spool for an answer: several readers, or an eager one, share it.
constexpr std::uint64_t queue_freshness = 10;  // seconds

}  // namespace

asio::awaitable<std::optional<QueueMetrics>> MetricsDesk::ask_gateway() {
    std::uint64_t const now = world_.clock.unix_seconds();
    if (queue_at_ != 0 && now >= queue_at_ && now < queue_at_ + queue_freshness) co_return queue_;
    auto ask = [socket = world_.gateway_socket]() -> std::optional<QueueMetrics> {
        auto client = LocalApiClient::connect(socket);
        if (!client) return std::nullopt;
        auto const told = client->call({.verb = "census", .args = Json::object(), .settings = {}});
        if (!told) return std::nullopt;
        auto figures = queue_metrics_of(*told);
        return figures ? std::optional(std::move(*figures)) : std::nullopt;
    };
    queue_at_ = now;
    queue_ = co_await world_.workers.await(std::move(ask));
    co_return queue_;
}

asio::awaitable<Metrics> MetricsDesk::gather() {
    Metrics metrics;
    auto look = [this] { return world_.store.usage(); };
    auto const usage = co_await world_.workers.await(std::move(look));
    if (usage) metrics.storage = *usage;
    metrics.queue = co_await ask_gateway();
    metrics.now = world_.clock.unix_seconds();
    metrics.quota = world_.config.node.quota;
    metrics.sent_bytes = world_.carrier.sent_bytes();
    metrics.received_bytes = world_.host.received_bytes();
    metrics.received_blobs = world_.host.received_blobs();
    metrics.transfers_out = world_.outgoing.all().size();
    metrics.refusals = world_.host.refusals();
    metrics.deposits = world_.depositor.totals();
    if (world_.escrow != nullptr) metrics.escrow = world_.escrow->census();
    metrics.escrow_quota = world_.config.gateway.escrow_quota;
    metrics.dht = world_.location.stats();
    metrics.events = world_.log.counts();
    co_return metrics;
}

}  // namespace satchel::node
