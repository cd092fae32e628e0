#include "transfer/body_room.h"

#include <algorithm>
#include <list>
#include <utility>

#include "transfer/async_event.h"

namespace satchel::transfer {

using std::chrono::steady_clock;

struct BodyRoom::Share::Entry {
    enum class Stage { reading, cut_off, kept };

    std::shared_ptr<State> state;
    Claim claim;
    steady_clock::time_point since = steady_clock::now();
    Stage stage = Stage::reading;
};

struct BodyRoom::State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor with, BodyRoomLimits const& bounds)
        : executor(std::move(with))
        , limits(bounds) {}

    struct Waiter {
        Waiter(asio::any_io_executor const& executor, Claim wanted)
            : claim(std::move(wanted))
            , told(executor) {}

        void refuse() {
            refused = true;
            told.set();
        }

        Claim claim;
        AsyncEvent told;
        bool refused = false;
        std::optional<Share> share{};
    };

    asio::any_io_executor executor;
    BodyRoomLimits limits;
    using Stage = Share::Entry::Stage;

    std::list<Share::Entry*> holders;  ///< the oldest first
    std::list<std::shared_ptr<Waiter>> waiters;
    bool closed = false;

    std::size_t used(auto const& counts) const {
        std::size_t bytes = 0;
        for (Share::Entry const* holder : holders)
            if (counts(*holder)) bytes += holder->claim.bytes;
        return bytes;
    }

    /// Beside those who count: within `most`, or alone.
    bool fits(Claim const& claim, std::size_t most, auto const& counts) const {
        std::size_t const others = used(counts);
        return others == 0 || (others <= most && claim.bytes <= most - others);
    }

    static auto anybody() {
        return [](Share::Entry const&) { return true; };
    }

    static auto same_caller(Claim const& claim) {
        return [&claim](Share::Entry const& one) { return one.claim.caller == claim.caller; };
    }

    bool has_room_for(Claim const& claim) const {
        return fits(claim, limits.bytes, anybody()) &&
               fits(claim, limits.bytes_per_caller, same_caller(claim));
    }

    std::shared_ptr<Waiter> queue_up(Claim claim) {
        if (waiters.size() >= limits.waiters) {
            waiters.front()->refuse();
            waiters.pop_front();
        }
        return waiters.emplace_back(std::make_shared<Waiter>(executor, std::move(claim)));
    }

    Share enter(Claim claim) {
        auto entry = std::make_shared<Share::Entry>(shared_from_this(), std::move(claim));
        holders.push_back(entry.get());
        return Share(std::move(entry));
    }

    void leave(Share::Entry const& gone) {
        std::erase(holders, &gone);
        if (closed) return;
        for (auto i = waiters.rbegin(); i != waiters.rend(); ++i) {
            Waiter& waiter = **i;
            if (waiter.share || !has_room_for(waiter.claim)) continue;
            waiter.share = enter(waiter.claim);
            waiter.told.set();
        }
    }

    /// Ends the readings that have taken long, the oldest first, until `claim` will fit.
    void cut_off_for(Claim const& claim, std::size_t most, auto const& counts) {
        auto const begun_before = steady_clock::now() - limits.reading;
        auto const stays = [&counts](Share::Entry const& one) {
            return counts(one) && one.stage != Stage::cut_off;
        };
        for (Share::Entry* holder : holders) {
            if (fits(claim, most, stays)) return;
            if (!stays(*holder) || holder->stage == Stage::kept || holder->since > begun_before)
                continue;
            holder->stage = Stage::cut_off;
            holder->claim.cut_off();
        }
    }

    void cut_off_for(Claim const& claim) {
        cut_off_for(claim, limits.bytes_per_caller, same_caller(claim));
        cut_off_for(claim, limits.bytes, anybody());
    }
};

BodyRoom::Share::Share(std::shared_ptr<Entry> entry)
    : entry_(std::move(entry)) {}

BodyRoom::Share::~Share() {
    if (entry_) entry_->state->leave(*entry_);
}

void BodyRoom::Share::keep() {
    entry_->stage = Entry::Stage::kept;
}

BodyRoom::BodyRoom(asio::any_io_executor const& executor, BodyRoomLimits const& limits)
    : state_(std::make_shared<State>(executor, limits)) {}

BodyRoom::~BodyRoom() {
    state_->closed = true;
    for (auto const& waiter : std::exchange(state_->waiters, {}))
        waiter->refuse();
}

asio::awaitable<std::optional<BodyRoom::Share>> BodyRoom::take(Claim claim) {
    auto const state = state_;
    if (state->has_room_for(claim)) co_return state->enter(std::move(claim));
    auto const waiter = state->queue_up(std::move(claim));
    auto const until = steady_clock::now() + state->limits.waiting;
    while (!waiter->share && !waiter->refused && steady_clock::now() < until) {
        state->cut_off_for(waiter->claim);
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
        co_await waiter->told.wait_for(std::min(left, state->limits.reading / 4));
    }
    std::erase(state->waiters, waiter);
    co_return std::move(waiter->share);
}

}  // namespace satchel::transfer
