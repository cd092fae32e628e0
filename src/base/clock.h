// Time comes through the constructor, so that tests can move it.
#pragma once

#include <chrono>
#include <cstdint>

namespace satchel {

class Clock {
public:
    virtual ~Clock() = default;
    virtual std::chrono::system_clock::time_point now() const = 0;

    std::uint64_t unix_seconds() const;
    std::uint64_t unix_milliseconds() const;
};

class SystemClock final : public Clock {
public:
    std::chrono::system_clock::time_point now() const override;
};

}  // namespace satchel
