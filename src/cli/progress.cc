#include "src/cli/progress.h"

#include <cstdio>

#include <unistd.h>

#include "src/cli/output.h"

namespace satchel::cli {

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what))
    , on_terminal_(::isatty(STDERR_FILENO) == 1)
    , start_(SteadyClock::now())
    , last_(start_) {}

ProgressLine::~ProgressLine() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    auto const now = SteadyClock::now();
    if (!on_terminal_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    drawn_ = true;
    double const seconds = std::chrono::duration<double>(now - start_).count();
    auto const rate = static_cast<std::uint64_t>(static_cast<double>(done_bytes) / seconds);
    std::uint64_t const percent = total_bytes == 0 ? 0 : done_bytes * 100 / total_bytes;
    std::uint64_t const left = rate == 0 ? 0 : (total_bytes - done_bytes) / rate;
    std::fprintf(stderr, "\r\x1b[K%s  %3u%%  %s of %s  %s/s  %us left", what_.c_str(),
                 static_cast<unsigned>(percent), human_size(done_bytes).c_str(),
                 human_size(total_bytes).c_str(), human_size(rate).c_str(),
                 static_cast<unsigned>(left));
    std::fflush(stderr);
}

}  // namespace satchel::cli
