#include "dht/opendht_location_service.h"

#include <optional>

#include "dht/opendht_collect.h"
#include "dht/opendht_node.h"
#include "dht/opendht_watch.h"
#include "dht/record_policy.h"

namespace satchel::location {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr unsigned tries_max = 3;
constexpr auto try_patience = 4s;  // OpenDHT gives a dead node 3 times 0.5 s and more
constexpr auto ping_patience = 4s;
constexpr auto retry_pause = 40ms;
constexpr auto joining_pause = 100ms;
constexpr auto grace_min = 30ms;
constexpr auto grace_max = 1s;
constexpr int grace_turns = 8;
constexpr unsigned values_per_try = 64;  // a liar among the nodes may send ever new ones

using ValuePtr = std::shared_ptr<::dht::Value>;

/// One try of a fetch, shared with OpenDHT's callbacks, which may come late or never.
struct Ask {
    explicit Ask(asio::io_context& owner)
        : wake(owner.get_executor()) {}

    WakeUp wake;
    Judge judge;
    RecordPlace place;
    std::uint64_t now_seconds = 0;
    bool network_only = false;
    bool calling = false;   ///< while OpenDHT looks into its own store
    bool answered = false;  ///< some other node has sent a value
    bool closed = false;    ///< nobody waits any more
    bool done = false;
    bool reached_nodes = false;
    unsigned values = 0;
    std::optional<RecordEnvelope> best;
    std::optional<Error> passed_over;

    void consider(::dht::Value const& value) {
        if (++values > values_per_try || !is_plain(value) || value.type != value_type(place.kind) ||
            value.id != place.slot)
            return;
        auto record = admit_record(place, value.data, now_seconds);
        auto accepted = record ? Status{} : Status(fail(record.error()));
        if (accepted && judge) accepted = judge(*record);
        if (!accepted) {
            passed_over = accepted.error();
            return;
        }
        if (best && !supersedes(*record, *best)) return;
        best = std::move(*record);
        wake.notify();
    }
};

std::shared_ptr<Ask> start_ask(OpendhtNode& node, FetchRequest const& request) {
    auto ask = std::make_shared<Ask>(node.owner());
    ask->judge = request.judge;
    ask->place = request.place;
    ask->now_seconds = node.clock().unix_seconds();
    ask->network_only = request.source == Source::network;
    ::dht::GetCallback on_values = [ask](std::vector<ValuePtr> const& values) {
        ask->answered = ask->answered || !ask->calling;
        for (auto const& value : values)
            if (!ask->closed && value) ask->consider(*value);
        return !ask->closed;
    };
    ::dht::DoneCallbackSimple on_done = [ask](bool ok) {
        ask->done = true;
        ask->reached_nodes = ok;
        ask->wake.notify();
    };
    ::dht::Value::Filter filter = [ask](::dht::Value const&) {
        return !(ask->network_only && ask->calling);
    };
    node.wake_at_stop(std::shared_ptr<WakeUp>(ask, &ask->wake));
    bool const asked = node.with_dht([&](::dht::Dht& dht) {
        ask->calling = true;
        dht.get(info_hash(request.place.key), std::move(on_values), std::move(on_done),
                std::move(filter), ::dht::Where().id(request.place.slot));
        ask->calling = false;
    });
    if (!asked) ask->done = true;
    return ask;
}

/// Until `ask` is done or `grace` has passed. A time in which this thread had no turn counts for
/// little: what came meanwhile lies in the socket, unread.
asio::awaitable<void> wait_out(OpendhtNode const& node, Ask& ask, steady_clock::duration grace,
                               WakeUp::Ticks until) {
    auto const turn = grace / grace_turns;
    while (!ask.done && !node.stopped() && grace > steady_clock::duration::zero()) {
        auto const began = steady_clock::now();
        if (began >= until) break;
        co_await ask.wake.wait_until(std::min(until, began + turn));
        grace -= std::min(turn, steady_clock::now() - began);
    }
}

asio::awaitable<void> settle(std::shared_ptr<OpendhtNode> node, std::shared_ptr<Ask> ask,
                             WakeUp::Ticks until) {
    auto const began = steady_clock::now();
    while (!ask->best && !ask->done && !node->stopped() && steady_clock::now() < until)
        co_await ask->wake.wait_until(until);
    if (ask->best) {
        auto const took = steady_clock::now() - began;
        // An answer that came sooner than a round trip says that the measure of it is out of date.
        steady_clock::duration round_trip = node->round_trip();
        if (ask->answered) round_trip = std::min(round_trip, took);
        auto const round_trips = std::max(round_trip * 3 / 2, took / 2);
        auto const grace = std::clamp<steady_clock::duration>(round_trips, grace_min, grace_max);
        co_await wait_out(*node, *ask, grace, until);
    }
    ask->closed = true;
}

/// What one settled try says, if it found nothing.
Error nothing_found(OpendhtNode const& node, Ask const& ask) {
    if (node.stopped()) return {Fault::unavailable, "the DHT node is stopping"};
    if (ask.passed_over) return *ask.passed_over;
    if (ask.reached_nodes || node.alone()) return {Fault::not_found, "no record in the DHT"};
    if (ask.done) return {Fault::unavailable, "no neighbour in the DHT"};
    return {Fault::timed_out, "the DHT did not answer in time"};
}

asio::awaitable<Result<RecordEnvelope>> fetch_from(std::shared_ptr<OpendhtNode> node,
                                                   FetchRequest request) {
    auto const until = steady_clock::now() + request.patience;
    WakeUp pause(node->owner().get_executor());
    unsigned tries = 0;
    for (;;) {
        auto const ask = start_ask(*node, request);
        co_await settle(node, ask, std::min(until, steady_clock::now() + try_patience));
        if (ask->best) co_return std::move(*ask->best);
        auto nothing = nothing_found(*node, *ask);
        bool const counts = nothing.fault != Fault::unavailable;
        tries += counts ? 1 : 0;
        auto const rest = counts && node->joined() ? retry_pause : joining_pause;
        bool const over = node->stopped() || node->alone() ||
                          (node->joined() && tries >= tries_max) ||
                          steady_clock::now() + rest >= until;
        if (over) {
            // Before we have joined, the nodes near the key were hardly asked.
            if (nothing.fault == Fault::not_found && !node->joined() && !node->alone())
                nothing = {Fault::timed_out, "still joining the DHT"};
            co_return fail(std::move(nothing));
        }
        co_await pause.wait_for(rest);
    }
}

/// One put, shared with OpenDHT's callback, which may never come.
struct Announce {
    explicit Announce(asio::io_context& owner)
        : wake(owner.get_executor()) {}

    WakeUp wake;
    bool done = false;
    bool ok = false;
    unsigned nodes = 0;
};

Status admit_own(::dht::Dht& dht, RecordPlace const& place, ByteSpan bytes,
                 std::uint64_t now_seconds) {
    if (auto admitted = admit_record(place, bytes, now_seconds); !admitted)
        return fail(admitted.error());
    auto const held = dht.getLocalById(info_hash(place.key), place.slot);
    if (!held || std::equal(bytes.begin(), bytes.end(), held->data.begin(), held->data.end()))
        return {};
    if (auto newer = admit_edit(place, held->data, bytes, now_seconds); !newer)
        return fail(newer.error());
    return {};
}

asio::awaitable<Result<PutReport>> put_to(std::shared_ptr<OpendhtNode> node, RecordEnvelope record,
                                          std::chrono::milliseconds patience) {
    auto const place = place_of(record);
    auto const bytes = encode_record(record);
    auto const announce = std::make_shared<Announce>(node->owner());
    Status admitted = fail(Fault::unavailable, "the DHT node is stopping");
    ::dht::DoneCallback on_done = [announce](bool ok, auto const& nodes) {
        announce->done = true;
        announce->ok = ok;
        announce->nodes = static_cast<unsigned>(nodes.size());
        announce->wake.notify();
    };
    node->wake_at_stop(std::shared_ptr<WakeUp>(announce, &announce->wake));
    auto const until = steady_clock::now() + patience;
    bool const called = node->with_dht([&](::dht::Dht& dht) {
        admitted = admit_own(dht, place, bytes, node->clock().unix_seconds());
        if (!admitted) return;
        auto value = std::make_shared<::dht::Value>(value_type(place.kind), bytes.data(),
                                                    bytes.size(), place.slot);
        // Never permanent: OpenDHT 2.4 does not carry edits of permanent values to other nodes.
        dht.put(info_hash(place.key), std::move(value), std::move(on_done));
    });
    if (!admitted) co_return fail(admitted.error());
    if (!called) co_return fail(Fault::unavailable, "OpenDHT failed to put the record");
    if (node->stats().good_nodes == 0) {
        if (node->alone()) co_return PutReport{};
        co_return fail(Fault::unavailable, "kept here alone: no neighbour in the DHT yet");
    }
    while (!announce->done && !node->stopped() && steady_clock::now() < until)
        co_await announce->wake.wait_until(until);
    if (node->stopped()) co_return fail(Fault::unavailable, "the DHT node is stopping");
    if (!announce->done) co_return fail(Fault::timed_out, "no node took the record in time");
    if (!announce->ok) co_return fail(Fault::unavailable, "no node took the record");
    co_return PutReport{announce->nodes};
}

}  // namespace

Result<std::unique_ptr<OpendhtLocationService>> OpendhtLocationService::start(
    asio::io_context& owner, OpendhtOptions options, Clock const& clock, Randomness& randomness,
    EventLog const& log) {
    auto node = OpendhtNode::open(owner, std::move(options), clock, randomness, log);
    if (!node) return fail(node.error());
    return std::unique_ptr<OpendhtLocationService>(new OpendhtLocationService(std::move(*node)));
}

OpendhtLocationService::OpendhtLocationService(std::shared_ptr<OpendhtNode> node)
    : node_(std::move(node)) {}

OpendhtLocationService::~OpendhtLocationService() {
    node_->stop();
}

asio::awaitable<Result<PutReport>> OpendhtLocationService::put(RecordEnvelope record,
                                                               std::chrono::milliseconds patience) {
    return put_to(node_, std::move(record), patience);
}

asio::awaitable<Result<RecordEnvelope>> OpendhtLocationService::fetch(FetchRequest request) {
    return fetch_from(node_, std::move(request));
}

asio::awaitable<Result<std::vector<RecordEnvelope>>> OpendhtLocationService::collect(
    CollectRequest request) {
    return collect_from(node_, request);
}

std::unique_ptr<Watch> OpendhtLocationService::watch(WatchRequest request) {
    return watch_at(node_, std::move(request));
}

void OpendhtLocationService::call(std::vector<Endpoint> peers) {
    node_->call(std::move(peers));
}

asio::awaitable<bool> OpendhtLocationService::answers(Endpoint peer) {
    struct Answer {
        explicit Answer(asio::any_io_executor const& owner)
            : wake(owner) {}

        std::optional<bool> given;
        WakeUp wake;
    };

    auto const node = node_;
    auto const answer = std::make_shared<Answer>(node->owner().get_executor());
    node->wake_at_stop(std::shared_ptr<WakeUp>(answer, &answer->wake));
    node->ping(peer, [answer](bool answered) {
        answer->given = answered;
        answer->wake.notify();
    });
    auto const until = steady_clock::now() + ping_patience;
    while (!answer->given && !node->stopped() && steady_clock::now() < until)
        co_await answer->wake.wait_until(until);
    co_return answer->given.value_or(false);
}

LocationStats OpendhtLocationService::stats() const {
    return node_->stats();
}

void OpendhtLocationService::stop() {
    node_->stop();
}

Endpoint OpendhtLocationService::listening() const {
    return node_->listening();
}

}  // namespace satchel::location
