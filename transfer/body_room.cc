#include "transfer/body_room.h"

#include <algorithm>
#include <list>
#include <utility>
#include <vector>

#include "transfer/async_event.h"

namespace satchel::transfer {

using std::chrono::steady_clock;

struct BodyRoom::Share::Place {
    enum class Stage { reading, cut_off, arrived };

    Place(std::shared_ptr<State> of, Claim wanted);
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;
    ~Place();

    std::shared_ptr<State> state;
    Claim claim;
    steady_clock::time_point heard = steady_clock::now();  ///< last of its caller
    Stage stage = Stage::reading;
};

struct BodyRoom::State : std::enable_shared_from_this<State> {
    using Place = Share::Place;

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

    State(asio::any_io_executor with, BodyRoomLimits const& bounds)
        : executor(std::move(with))
        , limits(bounds) {}

    asio::any_io_executor executor;
    BodyRoomLimits limits;
    std::list<Place*> places;  ///< the oldest first
    std::list<std::shared_ptr<Waiter>> waiters;
    bool stopped = false;

    /// What lies between a claim and its room: the bytes that must go, of all and of its caller.
    struct Lack {
        std::size_t of_all = 0;
        std::size_t of_caller = 0;

        bool is_none() const { return of_all == 0 && of_caller == 0; }

        void lose(std::size_t bytes, bool own) {
            of_all -= std::min(bytes, of_all);
            if (own) of_caller -= std::min(bytes, of_caller);
        }
    };

    Lack lack_of(Claim const& claim) const {
        std::size_t all = claim.bytes;
        std::size_t own = claim.bytes;
        for (Place const* place : places) {
            all += place->claim.bytes;
            if (place->claim.caller == claim.caller) own += place->claim.bytes;
        }
        return {all - std::min(all, limits.bytes), own - std::min(own, limits.bytes_per_caller)};
    }

    std::optional<Share> enter(Claim const& claim) {
        if (!lack_of(claim).is_none()) return std::nullopt;
        return Share(std::make_shared<Place>(shared_from_this(), claim));
    }

    void leave(Place const& gone) {
        std::erase(places, &gone);
        if (stopped) return;
        for (auto i = waiters.rbegin(); i != waiters.rend(); ++i) {
            Waiter& waiter = **i;
            if (!waiter.share) waiter.share = enter(waiter.claim);
            if (waiter.share) waiter.told.set();
        }
    }

    /// Ends readings that have stalled, the oldest first, if that makes room for `claim`.
    void cut_off_for(Claim const& claim) {
        auto const stalled_before = steady_clock::now() - limits.stall;
        std::vector<Place*> stalled;
        Lack lack = lack_of(claim);
        for (Place* place : places) {
            bool const own = place->claim.caller == claim.caller;
            bool const helps = lack.of_all > 0 || (own && lack.of_caller > 0);
            bool const leaving = place->stage == Place::Stage::cut_off;
            bool const stands =
                place->stage == Place::Stage::reading && place->heard <= stalled_before;
            if (!helps || (!leaving && !stands)) continue;
            lack.lose(place->claim.bytes, own);
            if (stands) stalled.push_back(place);
        }
        if (!lack.is_none()) return;
        for (Place* place : stalled) {
            place->stage = Place::Stage::cut_off;
            place->claim.cut_off();
        }
    }
};

BodyRoom::Share::Place::Place(std::shared_ptr<State> of, Claim wanted)
    : state(std::move(of))
    , claim(std::move(wanted)) {
    state->places.push_back(this);
}

BodyRoom::Share::Place::~Place() {
    state->leave(*this);
}

BodyRoom::Share::Share(std::shared_ptr<Place> place)
    : place_(std::move(place)) {}

void BodyRoom::Share::note() {
    if (place_) place_->heard = steady_clock::now();
}

void BodyRoom::Share::arrived() {
    if (place_) place_->stage = Place::Stage::arrived;
}

BodyRoom::BodyRoom(asio::any_io_executor const& executor, BodyRoomLimits const& limits)
    : state_(std::make_shared<State>(executor, limits)) {}

BodyRoom::~BodyRoom() {
    stop();
}

asio::awaitable<std::optional<BodyRoom::Share>> BodyRoom::take(Claim claim) {
    auto const state = state_;
    claim.bytes = std::min(claim.bytes, state->limits.bytes_per_caller);
    if (state->stopped) co_return std::nullopt;
    if (auto share = state->enter(claim)) co_return share;
    auto const waiter = std::make_shared<State::Waiter>(state->executor, std::move(claim));
    state->waiters.push_back(waiter);
    auto const until = steady_clock::now() + state->limits.waiting;
    while (!waiter->share && !waiter->refused && steady_clock::now() < until) {
        state->cut_off_for(waiter->claim);
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
        co_await waiter->told.wait_for(std::min(left, state->limits.stall / 4));
    }
    std::erase(state->waiters, waiter);
    co_return std::move(waiter->share);
}

void BodyRoom::stop() {
    state_->stopped = true;
    for (auto const& waiter : std::exchange(state_->waiters, {}))
        waiter->refuse();
}

}  // namespace satchel::transfer
