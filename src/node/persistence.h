// Goes on with a transfer that breaks, at growing intervals, as long as something moves.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "src/base/asio.h"
#include "src/base/error.h"

namespace satchel::node {

/// Owner's thread.
class Persistence {
public:
    using Clock = std::chrono::steady_clock;

    explicit Persistence(asio::io_context& owner)
        : timer_(owner) {}

    /// So many bytes are there now.
    void note(std::uint64_t done) {
        if (done <= most_) return;
        most_ = done;
        give_up_ = Clock::now() + patience;
        pause_ = first_pause;
    }

    bool has_moved() const { return most_ > 0; }

    /// Waits until it is time to try again. False: it is not worth another try, as the failure is
    /// of another kind, nothing has ever come, or nothing for too long.
    asio::awaitable<bool> again(Error failure) {
        bool const broken =
            failure.fault == Fault::unavailable || failure.fault == Fault::timed_out;
        if (!broken || !has_moved() || Clock::now() + pause_ >= give_up_) co_return false;
        timer_.expires_after(pause_);
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        pause_ = std::min(2 * pause_, longest_pause);
        co_return true;
    }

private:
    static constexpr std::chrono::milliseconds first_pause{200};
    static constexpr std::chrono::milliseconds longest_pause{3'000};
    static constexpr std::chrono::seconds patience{75};  ///< as senders have

    asio::steady_timer timer_;
    std::uint64_t most_ = 0;
    Clock::time_point give_up_{};
    std::chrono::milliseconds pause_ = first_pause;
};

}  // namespace satchel::node
