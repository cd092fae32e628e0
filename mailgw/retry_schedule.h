// When to try again: exponential backoff with jitter, bounded. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace satchel::mailgw {

struct RetrySchedule {
    std::chrono::seconds first{30};
    std::chrono::seconds max{3600};
    std::chrono::seconds give_up_after{5 * 24 * 3600};

    /// The wait after the `tries`-th failed try (1, 2, …), doubled each time, up to `max`, and
    /// moved by up to a fifth either way, so that messages that failed together don't come back
    /// together. `chance` is any number.
    std::chrono::seconds wait_after(std::uint64_t tries, std::uint64_t chance) const {
        auto const first_seconds = static_cast<std::uint64_t>(std::max<long>(1, first.count()));
        auto const max_seconds =
            std::max(first_seconds, static_cast<std::uint64_t>(std::max<long>(1, max.count())));
        auto const doublings = std::min<std::uint64_t>(tries == 0 ? 0 : tries - 1, 32);
        auto const plain = std::min(first_seconds << doublings, max_seconds);
        auto const fifth = plain / 5;
        auto const moved = plain - fifth + chance % (2 * fifth + 1);
        return std::chrono::seconds(std::max<std::uint64_t>(1, moved));
    }

    bool patience_over(std::uint64_t since, std::uint64_t now) const {
        return now >= since + static_cast<std::uint64_t>(give_up_after.count());
    }
};

}  // namespace satchel::mailgw
