// A coroutine waits here until it is woken or a time has come. One waiter at a time; owner's
// thread.
#pragma once

#include <chrono>

#include "src/base/asio.h"

namespace satchel::location {

class WakeUp {
public:
    using Ticks = std::chrono::steady_clock::time_point;

    explicit WakeUp(asio::any_io_executor const& owner)
        : timer_(owner) {}

    /// A notice that comes before the wait is lost: check what you wait for, then wait.
    void notify() { timer_.cancel(); }

    asio::awaitable<void> wait_until(Ticks until) {
        boost::system::error_code cancelled;
        timer_.expires_at(until);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }

    asio::awaitable<void> wait_for(std::chrono::milliseconds span) {
        return wait_until(std::chrono::steady_clock::now() + span);
    }

private:
    asio::steady_timer timer_;
};

}  // namespace satchel::location
