#include "dht/inbox.h"

#include "dht/lru_map.h"
#include "dht/record_policy.h"
#include "dht/wake_up.h"
#include "src/core/limits.h"

namespace satchel::location {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t remembered_max = 4'096;
constexpr auto poll_patience = 10s;

}  // namespace

struct Inbox::State {
    State(asio::io_context& owner, LocationService& location, SigningKey node_key,
          Clock const& our_clock, Handler told, InboxOptions asked_for)
        : service(location)
        , node(std::move(node_key))
        , key(inbox_key(NodeKey(node.public_key())))
        , clock(our_clock)
        , handler(std::move(told))
        , options(asked_for)
        , wake(owner.get_executor()) {}

    LocationService& service;
    SigningKey node;
    DhtKey key;
    Clock const& clock;
    Handler handler;
    InboxOptions options;
    WakeUp wake;
    bool stopped = false;
    LruMap<std::uint64_t, bool> messages{remembered_max};   ///< opened, by slot
    LruMap<OfferId, std::uint64_t> offers{remembered_max};  ///< told at this Unix second
    unsigned opened = 0;                                    ///< in this minute
    steady_clock::time_point minute_ends{};

    bool may_open() {
        auto const now = steady_clock::now();
        if (now >= minute_ends) {
            minute_ends = now + 1min;
            opened = 0;
        }
        return ++opened <= options.openings_per_minute;
    }

    /// `record` has passed check_record.
    void consider(RecordEnvelope const& record) {
        auto const slot = slot_id(record.slot_owner);
        if (stopped || messages.find(slot) != nullptr || !may_open()) return;
        messages.put(slot, true);
        auto notice = open_notice(record, node);
        auto const now = clock.unix_seconds();
        if (!notice || notice->expires <= now) return;
        auto const* const told = offers.find(notice->offer);
        if (told != nullptr && now < *told + limits::pull_notice_ttl_seconds) return;
        offers.put(notice->offer, now);
        handler(std::move(*notice));
    }
};

Inbox::Inbox(asio::io_context& owner, LocationService& service, SigningKey node, Clock const& clock,
             Handler handler, InboxOptions options)
    : state_(std::make_shared<State>(owner, service, std::move(node), clock, std::move(handler),
                                     options)) {
    WatchRequest request;
    request.key = state_->key;
    request.values_per_minute = std::size_t{options.openings_per_minute} * 2;
    request.on_record = [state = state_](RecordEnvelope const& record) { state->consider(record); };
    watch_ = service.watch(std::move(request));
    asio::co_spawn(
        owner, [state = state_] { return poll(state); }, asio::detached);
}

Inbox::~Inbox() {
    stop();
}

void Inbox::stop() {
    state_->stopped = true;
    state_->wake.notify();
    watch_.reset();
}

asio::awaitable<void> Inbox::poll(std::shared_ptr<State> state) {
    co_await state->wake.wait_for(state->options.first_poll);
    while (!state->stopped) {
        CollectRequest request;
        request.key = state->key;
        request.kind = RecordKind::pull_notice;
        request.values_max = state->options.openings_per_minute;
        request.patience = poll_patience;
        auto const found = co_await state->service.collect(request);
        if (found && !state->stopped)
            for (auto const& record : *found)
                state->consider(record);
        if (!state->stopped) co_await state->wake.wait_for(state->options.poll_every);
    }
}

}  // namespace satchel::location
