#include "dht/record_keeper.h"

#include "dht/republish_schedule.h"

namespace satchel::location {

namespace {

constexpr auto patience = std::chrono::seconds(10);

}  // namespace

struct RecordKeeper::Kept {
    Kept(asio::io_context& owner, RecordPlace where, std::chrono::seconds every, Renew renewal)
        : place(where)
        , period(every)
        , renew(std::move(renewal))
        , timer(owner) {}

    RecordPlace place;
    std::chrono::seconds period;
    Renew renew;
    asio::steady_timer timer;
    bool forgotten = false;
    RepublishState state;
};

RecordKeeper::RecordKeeper(asio::io_context& owner, LocationService& service,
                           Randomness& randomness, EventLog const& log)
    : owner_(owner)
    , service_(service)
    , randomness_(randomness)
    , log_(log) {}

RecordKeeper::~RecordKeeper() {
    stop();
}

void RecordKeeper::keep(RecordPlace const& place, std::chrono::seconds period, Renew renew) {
    forget(place);
    auto kept = std::make_shared<Kept>(owner_, place, period, std::move(renew));
    kept_[place] = kept;
    asio::co_spawn(
        owner_, [this, kept] { return keep_alive(kept); }, asio::detached);
}

void RecordKeeper::forget(RecordPlace const& place) {
    auto const it = kept_.find(place);
    if (it == kept_.end()) return;
    it->second->forgotten = true;
    it->second->timer.cancel();
    kept_.erase(it);
}

void RecordKeeper::stop() {
    while (!kept_.empty())
        forget(kept_.begin()->first);
}

asio::awaitable<Result<PutReport>> RecordKeeper::put_now(RecordPlace place) {
    auto const it = kept_.find(place);
    if (it == kept_.end()) co_return fail(Fault::not_found, "no such record is kept");
    auto kept = it->second;
    co_return co_await put(std::move(kept));
}

asio::awaitable<Result<PutReport>> RecordKeeper::put(std::shared_ptr<Kept> kept) {
    auto record = kept->renew();
    if (!record) co_return fail(record.error());
    unsigned const neighbours = service_.stats().good_nodes;
    auto report = co_await service_.put(std::move(*record), patience);
    kept->state.note_put(std::chrono::steady_clock::now(), report ? neighbours : 0);
    if (!report && report.error().fault != Fault::unavailable) {
        log_.warning("record_not_put",
                     {{"key", kept->place.key.to_hex()}, {"reason", report.error().what}});
    }
    co_return report;
}

std::chrono::milliseconds RecordKeeper::with_jitter(std::chrono::milliseconds period) {
    auto const dice = randomness_.array<2>();
    auto const tenths = (dice[0] << 8 | dice[1]) % 2001 - 1000;  // -10 % to +10 %, in 1/10,000
    return period + period * tenths / 10'000;
}

asio::awaitable<void> RecordKeeper::keep_alive(std::shared_ptr<Kept> kept) {
    while (!kept->forgotten) {
        static_cast<void>(co_await put(kept));
        auto const due = std::chrono::steady_clock::now() + with_jitter(kept->period);
        // Meanwhile: a newcomer's first puts land on few nodes, so each new neighbour is worth
        // another.
        while (!kept->forgotten && !kept->state.is_due(std::chrono::steady_clock::now(), due,
                                                       service_.stats().good_nodes)) {
            boost::system::error_code ignored;
            kept->timer.expires_after(kept->state.next_look(std::chrono::steady_clock::now(), due));
            co_await kept->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }
}

}  // namespace satchel::location
