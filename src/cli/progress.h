// Progress of long work on stderr: one line that redraws itself on a terminal, nothing elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace satchel::cli {

class ProgressLine {
public:
    explicit ProgressLine(std::string what);
    ~ProgressLine();

    ProgressLine(ProgressLine const&) = delete;
    ProgressLine& operator=(ProgressLine const&) = delete;

    /// Draws at most ten times a second.
    void show(std::uint64_t done_bytes, std::uint64_t total_bytes);

private:
    using SteadyClock = std::chrono::steady_clock;

    std::string what_;
    bool on_terminal_;
    bool drawn_ = false;
    SteadyClock::time_point start_;
    SteadyClock::time_point last_;
};

}  // namespace satchel::cli
