// A clock that stands still until the test moves it.
#pragma once

#include <chrono>

#include "src/base/clock.h"

namespace satchel::testing {

class FakeClock final : public Clock {
public:
    explicit FakeClock(std::uint64_t unix_seconds = 1'800'000'000)
        : now_(std::chrono::seconds(unix_seconds)) {}

    std::chrono::system_clock::time_point now() const override { return now_; }

    void advance(std::chrono::milliseconds by) { now_ += by; }

    void set(std::uint64_t unix_seconds) {
        now_ = std::chrono::system_clock::time_point(std::chrono::seconds(unix_seconds));
    }

private:
    std::chrono::system_clock::time_point now_;
};

}  // namespace satchel::testing
