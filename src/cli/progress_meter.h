// How far long work has come, how fast it goes and how long it will take: the figures and the words
// of a progress line, without a terminal or a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace satchel::cli {

class ProgressMeter {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit ProgressMeter(Time start);

    void note(std::uint64_t done_bytes, std::uint64_t total_bytes, Time now);

    /// Bytes a second, over the last few seconds; 0 before anything is known.
    std::uint64_t rate() const;

    /// " 42%  420 MB of 1.0 GB  52 MB/s  11 s left"; parts that are not known are left out.
    std::string words() const;

private:
    struct Sample {
        Time at;
        std::uint64_t done_bytes;
    };

    std::deque<Sample> samples_;  ///< the oldest first; of the last few seconds
    std::uint64_t total_bytes_ = 0;
};

/// "8 s", "3 min 20 s", "1 h 05 min", "2 d 3 h".
std::string human_duration(std::uint64_t seconds);

}  // namespace satchel::cli
