#include "transfer/async_event.h"

#include <memory>

namespace satchel::transfer {

AsyncEvent::AsyncEvent(asio::any_io_executor const& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void AsyncEvent::set() {
    set_ = true;
    timer_.cancel();
}

asio::awaitable<void> AsyncEvent::wait() {
    boost::system::error_code ignored;
    while (!set_)
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<bool> AsyncEvent::wait_for(std::chrono::milliseconds patience) {
    asio::steady_timer limit(timer_.get_executor(), patience);

    struct Wait {
        bool expired = false;
        bool over = false;
    };

    auto const wait = std::make_shared<Wait>();
    limit.async_wait([this, wait](boost::system::error_code error) {
        // A timer that is due already can't be cancelled, and this may be gone by then.
        if (error || wait->over) return;
        wait->expired = true;
        timer_.cancel();
    });
    boost::system::error_code ignored;
    while (!set_ && !wait->expired) {
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    wait->over = true;
    limit.cancel();
    co_return set_;
}

}  // namespace satchel::transfer
