// Progress of long work on stderr: one line that redraws itself on a terminal; elsewhere, in a log
// or a pipe, a plain line now and then, so that what is quick says nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "src/cli/progress_meter.h"

namespace satchel::cli {

class ProgressLine {
public:
    explicit ProgressLine(std::string what);
    ~ProgressLine();

    ProgressLine(ProgressLine const&) = delete;
    ProgressLine& operator=(ProgressLine const&) = delete;

    /// Draws at most ten times a second; plain lines come ten seconds apart.
    void show(std::uint64_t done_bytes, std::uint64_t total_bytes);

    /// Before something else is printed.
    void make_room();

private:
    using SteadyClock = std::chrono::steady_clock;

    void draw() const;

    std::string what_;
    bool on_terminal_;
    bool drawn_ = false;
    SteadyClock::time_point last_;
    ProgressMeter meter_;
};

}  // namespace satchel::cli
