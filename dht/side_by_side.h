// Coroutines that run side by side on one thread, and one that waits for them, or for enough of
// them. What it no longer waits for runs on: tasks own what they touch.
#pragma once

#include <functional>
#include <memory>

#include "dht/wake_up.h"

namespace satchel::location {

class SideBySide {
public:
    explicit SideBySide(asio::any_io_executor const& owner)
        : owner_(owner)
        , state_(std::make_shared<State>(owner)) {}

    /// `task` is kept until its coroutine has ended.
    void start(std::function<asio::awaitable<void>()> task) {
        ++state_->running;
        asio::co_spawn(owner_, run(state_, std::move(task)), asio::detached);
    }

    /// Until all have ended (true), or `until`. Wakes after each that ends, and asks `until` anew.
    asio::awaitable<bool> wait(std::function<WakeUp::Ticks()> until) {
        while (state_->running > 0) {
            auto const end = until();
            if (std::chrono::steady_clock::now() >= end) co_return false;
            co_await state_->ended.wait_until(end);
        }
        co_return true;
    }

private:
    struct State {
        explicit State(asio::any_io_executor const& owner)
            : ended(owner) {}

        unsigned running = 0;
        WakeUp ended;
    };

    static asio::awaitable<void> run(std::shared_ptr<State> state,
                                     std::function<asio::awaitable<void>()> task) {
        co_await task();
        --state->running;
        state->ended.notify();
    }

    asio::any_io_executor owner_;
    std::shared_ptr<State> state_;
};

}  // namespace satchel::location
