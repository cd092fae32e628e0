// How fast bytes may go, as a decision: no timer, no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace satchel::transfer {

class TokenBucket {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// 0: as fast as they can.
    explicit TokenBucket(std::uint64_t bytes_per_second)
        : rate_(bytes_per_second) {}

    std::uint64_t bytes_per_second() const { return rate_; }

    void set_rate(std::uint64_t bytes_per_second) { rate_ = bytes_per_second; }

    /// Books so many bytes, and tells when they may go. Those booked first go first, so who books
    /// piece by piece gets a fair share. What nobody used is not saved up.
    Time book(std::uint64_t bytes, Time now) {
        if (rate_ == 0) return now;
        Time const start = std::max(free_, now);
        auto const seconds = static_cast<double>(bytes) / static_cast<double>(rate_);
        free_ = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                            std::chrono::duration<double>(seconds));
        return start;
    }

private:
    std::uint64_t rate_;
    Time free_{};  ///< when the bytes booked so far are through
};

}  // namespace satchel::transfer
