// Stands between two ends of a connection, and lets what the far one says through slowly, or as far
// as a test wants, and then not at all.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "tests/support/relay.h"

namespace satchel::testing {

/// Of what goes to the dialler, as it travels: with all that TLS adds.
struct SlowLine {
    std::uint64_t freely = 0;            ///< bytes, at the beginning
    std::size_t then = 0;                ///< bytes at a time; 0: silence
    std::chrono::milliseconds every{1};  ///< one time and the next
};

class SlowProxy {
public:
    /// The first `slow` connections are such lines; later ones are as they should be.
    SlowProxy(asio::io_context& io, Endpoint const& target, SlowLine line, int slow)
        : state_(std::make_shared<State>())
        , relay_(io, target, [&io, state = state_, line, slow](Relay::LinePtr const& through) {
            SlowLine const kind = state->lines++ < slow ? line : SlowLine{~std::uint64_t{0}};
            auto const told = std::make_shared<Told>();
            asio::co_spawn(io, Relay::carry(through, Relay::Way::out, listening(state, told)),
                           asio::detached);
            asio::co_spawn(
                io, Relay::carry(through, Relay::Way::back, telling(state, told, kind, through)),
                asio::detached);
        }) {}

    Endpoint endpoint() const { return relay_.endpoint(); }

    int connections() const { return relay_.connections(); }

    /// To the dialler, all connections together.
    std::uint64_t brought() const { return state_->brought; }

    /// How often the dialler has spoken after the other side: round trips.
    int turns() const { return state_->turns; }

private:
    struct State {
        int lines = 0;
        std::uint64_t brought = 0;
        int turns = 0;
    };

    /// The dialler, on one line.
    struct Told {
        std::uint64_t so_far = 0;
        bool anything = true;  ///< since it spoke
    };

    using StatePtr = std::shared_ptr<State>;
    using ToldPtr = std::shared_ptr<Told>;

    static Relay::Rule listening(StatePtr state, ToldPtr told) {
        return {.room = []() -> asio::awaitable<std::size_t> { co_return Relay::at_once; },
                .pass =
                    [state = std::move(state), told = std::move(told)](auto) {
                        if (std::exchange(told->anything, false)) ++state->turns;
                        return true;
                    }};
    }

    static Relay::Rule telling(StatePtr state, ToldPtr told, SlowLine kind, Relay::LinePtr line) {
        auto room = [told, kind, line = std::move(line)]() -> asio::awaitable<std::size_t> {
            if (told->so_far < kind.freely) {
                co_return static_cast<std::size_t>(
                    std::min<std::uint64_t>(Relay::at_once, kind.freely - told->so_far));
            }
            // Silent, but not gone: for as long as the dialler likes.
            auto const never = std::chrono::hours(1);
            line->pause.expires_after(kind.then == 0 ? never : kind.every);
            boost::system::error_code ended;
            co_await line->pause.async_wait(asio::redirect_error(asio::use_awaitable, ended));
            co_return std::max<std::size_t>(kind.then, 1);
        };
        auto pass = [state = std::move(state), told](std::span<char> bytes) {
            told->so_far += bytes.size();
            told->anything = true;
            state->brought += bytes.size();
            return true;
        };
        return {.room = std::move(room), .pass = std::move(pass)};
    }

    StatePtr state_;
    Relay relay_;
};

}  // namespace satchel::testing
