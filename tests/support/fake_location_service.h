// A DHT in memory that several location services share. It keeps records by the same policy as a
// storing node, answers at once, and fails on demand.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "dht/location_service.h"
#include "dht/record_policy.h"
#include "src/base/clock.h"

namespace satchel::testing {

/// What all the nodes together store.
struct FakeDht {
    std::map<location::RecordPlace, Bytes> store;
    unsigned nodes = 0;
    std::vector<std::weak_ptr<location::WatchRequest>> watches;
};

class FakeLocationService final : public location::LocationService {
public:
    FakeLocationService(FakeDht& dht, Clock const& clock)
        : dht_(dht)
        , clock_(clock) {
        ++dht_.nodes;
    }

    ~FakeLocationService() override { stop(); }

    /// Cuts this node off: its puts reach nobody, its fetches get no answer.
    void set_cut_off(bool cut_off, Fault puts_fail_as = Fault::unavailable) {
        cut_off_ = cut_off;
        puts_fail_as_ = puts_fail_as;
    }

    /// What a put would take: whoever has less patience is told that time is up, at once.
    void set_slow(std::chrono::milliseconds put_takes) { put_takes_ = put_takes; }

    /// Called at the start of each fetch: what happens in the world meanwhile.
    void before_fetch(std::function<void(location::FetchRequest const&)> happens) {
        before_fetch_ = std::move(happens);
    }

    /// What was asked for, in order.
    std::vector<location::FetchRequest> const& fetches() const { return fetches_; }

    std::vector<RecordEnvelope> const& puts() const { return puts_; }

    asio::awaitable<Result<location::PutReport>> put(RecordEnvelope record,
                                                     std::chrono::milliseconds patience) override {
        puts_.push_back(record);
        if (stopped_) co_return fail(Fault::unavailable, "stopped");
        auto const place = location::place_of(record);
        auto const bytes = encode_record(record);
        auto const now = clock_.unix_seconds();
        auto const held = dht_.store.find(place);
        bool const fresh = held == dht_.store.end() || held->second == bytes;
        auto const admitted = fresh ? location::admit_record(place, bytes, now)
                                    : location::admit_edit(place, held->second, bytes, now);
        if (!admitted) co_return fail(admitted.error());
        if (cut_off_) co_return fail(puts_fail_as_, "cut off");
        if (patience < put_takes_) co_return fail(Fault::timed_out, "no node took it in time");
        dht_.store[place] = bytes;
        tell(place, record);
        co_return location::PutReport{dht_.nodes - 1};
    }

    asio::awaitable<Result<RecordEnvelope>> fetch(location::FetchRequest request) override {
        fetches_.push_back(request);
        if (before_fetch_) before_fetch_(request);
        if (stopped_) co_return fail(Fault::unavailable, "stopped");
        if (cut_off_) co_return fail(Fault::timed_out, "cut off");
        auto const held = dht_.store.find(request.place);
        if (held == dht_.store.end()) co_return fail(Fault::not_found, "no record in the DHT");
        auto record = location::admit_record(request.place, held->second, clock_.unix_seconds());
        if (!record) co_return fail(Fault::not_found, "no record in the DHT");
        if (request.judge) {
            if (auto accepted = request.judge(*record); !accepted) co_return fail(accepted.error());
        }
        co_return std::move(*record);
    }

    asio::awaitable<Result<std::vector<RecordEnvelope>>> collect(
        location::CollectRequest request) override {
        if (stopped_) co_return fail(Fault::unavailable, "stopped");
        if (cut_off_) co_return fail(Fault::timed_out, "cut off");
        std::vector<RecordEnvelope> found;
        for (auto const& [place, bytes] : dht_.store) {
            if (place.key != request.key || place.kind != request.kind) continue;
            auto record = location::admit_record(place, bytes, clock_.unix_seconds());
            if (record && found.size() < request.values_max) found.push_back(std::move(*record));
        }
        co_return found;
    }

    /// Tells at once, from within the put.
    std::unique_ptr<location::Watch> watch(location::WatchRequest request) override {
        struct FakeWatch final : location::Watch {
            std::shared_ptr<location::WatchRequest> request;
        };

        auto watch = std::make_unique<FakeWatch>();
        watch->request = std::make_shared<location::WatchRequest>(std::move(request));
        dht_.watches.push_back(watch->request);
        auto const stored = dht_.store;
        for (auto const& [place, bytes] : stored)
            if (auto record = decode_record(bytes)) tell(place, *record, watch->request);
        return watch;
    }

    asio::awaitable<bool> answers(Endpoint) override { co_return !cut_off_ && !stopped_; }

    void call(std::vector<Endpoint> peers) override { called_ = std::move(peers); }

    location::LocationStats stats() const override {
        unsigned const neighbours = stopped_ || cut_off_ ? 0 : dht_.nodes - 1;
        return {neighbours, neighbours, dht_.store.size(), !stopped_};
    }

    void stop() override {
        if (!std::exchange(stopped_, true)) --dht_.nodes;
    }

private:
    void tell(location::RecordPlace const& place, RecordEnvelope const& record) {
        auto const watches = dht_.watches;
        for (auto const& weak : watches)
            if (auto const request = weak.lock()) tell(place, record, request);
    }

    void tell(location::RecordPlace const& place, RecordEnvelope const& record,
              std::shared_ptr<location::WatchRequest> const& request) {
        bool const valid = check_record(record, place.key, clock_.unix_seconds()).has_value();
        if (valid && place.key == request->key && place.kind == request->kind)
            request->on_record(record);
    }

    FakeDht& dht_;
    Clock const& clock_;
    bool cut_off_ = false;
    std::chrono::milliseconds put_takes_{0};
    Fault puts_fail_as_ = Fault::unavailable;
    bool stopped_ = false;
    std::function<void(location::FetchRequest const&)> before_fetch_;
    std::vector<location::FetchRequest> fetches_;
    std::vector<RecordEnvelope> puts_;
    std::vector<Endpoint> called_;
};

}  // namespace satchel::testing
