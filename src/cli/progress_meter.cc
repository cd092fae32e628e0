#include "src/cli/progress_meter.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "src/cli/output.h"

namespace satchel::cli {

namespace {

// Long enough that a disk's or a radio's hiccup does not shake the figures, short enough that they
// follow a change of route.
constexpr auto window = std::chrono::seconds(5);
constexpr auto sample_distance = std::chrono::milliseconds(100);
constexpr std::uint64_t longest_told_seconds = 100ULL * 24 * 3600;

}  // namespace

ProgressMeter::ProgressMeter(Time start)
    : samples_{{start, 0}} {}

void ProgressMeter::note(std::uint64_t done_bytes, std::uint64_t total_bytes, Time now) {
    total_bytes_ = total_bytes;
    // What was there before this call (a download that goes on) is no speed.
    bool const begins_late = samples_.size() == 1 && samples_.front().done_bytes == 0 &&
                             now - samples_.front().at < sample_distance;
    if (begins_late || done_bytes < samples_.back().done_bytes) {
        samples_.assign(1, {now, done_bytes});
        return;
    }
    if (samples_.size() > 1 && now - samples_[samples_.size() - 2].at < sample_distance) {
        samples_.back() = {now, done_bytes};
    } else {
        samples_.push_back({now, done_bytes});
    }
    while (samples_.size() > 2 && now - samples_[1].at >= window)
        samples_.pop_front();
}

std::uint64_t ProgressMeter::rate() const {
    double const seconds =
        std::chrono::duration<double>(samples_.back().at - samples_.front().at).count();
    if (seconds <= 0) return 0;
    auto const bytes = samples_.back().done_bytes - samples_.front().done_bytes;
    return static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds);
}

std::string ProgressMeter::words() const {
    std::uint64_t const done = samples_.back().done_bytes;
    if (total_bytes_ == 0) return human_size(done);
    std::uint64_t const within = std::min(done, total_bytes_);
    auto const percent = static_cast<unsigned>(static_cast<double>(within) * 100.0 /
                                               static_cast<double>(total_bytes_));
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%3u%%", percent);
    std::string line = text.data();
    line += "  " + human_size(within) + " of " + human_size(total_bytes_);
    std::uint64_t const bytes_a_second = rate();
    if (bytes_a_second == 0) return line;
    line += "  " + human_size(bytes_a_second) + "/s";
    std::uint64_t const left = (total_bytes_ - within + bytes_a_second - 1) / bytes_a_second;
    if (left > 0 && left < longest_told_seconds) line += "  " + human_duration(left) + " left";
    return line;
}

std::string human_duration(std::uint64_t seconds) {
    auto const two_digits = [](std::uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 3600)
        return std::to_string(seconds / 60) + " min " + two_digits(seconds % 60) + " s";
    if (seconds < 86'400)
        return std::to_string(seconds / 3600) + " h " + two_digits(seconds % 3600 / 60) + " min";
    return std::to_string(seconds / 86'400) + " d " + std::to_string(seconds % 86'400 / 3600) +
           " h";
}

}  // namespace satchel::cli
