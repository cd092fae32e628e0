#include "src/base/clock.h"

namespace satchel {

std::uint64_t Clock::unix_seconds() const {
    return unix_milliseconds() / 1000;
}

std::uint64_t Clock::unix_milliseconds() const {
    auto const since_epoch = now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
}

std::chrono::system_clock::time_point SystemClock::now() const {
    return std::chrono::system_clock::now();
}

}  // namespace satchel
