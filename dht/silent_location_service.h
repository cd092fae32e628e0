// For a node that does not want to be seen putting records: reads as ever, and keeps its own
// records from the network. Somebody else puts them.
#pragma once

#include "dht/location_service.h"

namespace satchel::location {

class SilentLocationService final : public LocationService {
public:
    /// `network` must outlive this.
    explicit SilentLocationService(LocationService& network)
        : network_(network) {}

    asio::awaitable<Result<PutReport>> put(RecordEnvelope, std::chrono::milliseconds) override {
        co_return PutReport{};
    }

    asio::awaitable<Result<RecordEnvelope>> fetch(FetchRequest request) override {
        co_return co_await network_.fetch(std::move(request));
    }

    asio::awaitable<Result<std::vector<RecordEnvelope>>> collect(CollectRequest request) override {
        co_return co_await network_.collect(std::move(request));
    }

    std::unique_ptr<Watch> watch(WatchRequest request) override {
        return network_.watch(std::move(request));
    }

    void call(std::vector<Endpoint> peers) override { network_.call(std::move(peers)); }

    asio::awaitable<bool> answers(Endpoint peer) override {
        co_return co_await network_.answers(std::move(peer));
    }

    LocationStats stats() const override { return network_.stats(); }

    void stop() override { network_.stop(); }

private:
    LocationService& network_;
};

}  // namespace satchel::location
