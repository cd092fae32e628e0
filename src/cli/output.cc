#include "src/cli/output.h"

#include <array>
#include <ctime>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "src/cli/style.h"

namespace satchel::cli {

std::string text_of_json(nlohmann::json const& object) {
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print_json(nlohmann::json const& object, std::FILE* to) {
    print_line(text_of_json(object), to);
}

void print_line(std::string const& line, std::FILE* to) {
    std::fwrite(line.data(), 1, line.size(), to);
    std::fputc('\n', to);
    std::fflush(to);
}

bool output_is_lost() {
    return std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
}

bool output_has_no_reader() {
    pollfd line{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&line, 1, 0) > 0 && (line.revents & POLLERR) != 0;
}

void print_error(Error const& error, bool json, std::FILE* json_to) {
    if (json) {
        print_json({{"error", {{"fault", to_string(error.fault)}, {"message", error.what}}}},
                   json_to);
    } else {
        print_line(Style::of(stderr).paint(Style::Tone::bad, "satchel:") + ' ' + error.what,
                   stderr);
    }
}

std::string human_size(std::uint64_t bytes) {
    static constexpr std::array units{"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    double value = static_cast<double>(bytes);
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    std::array<char, 32> text{};
    bool const whole = unit == 0 || value >= 99.95;
    std::snprintf(text.data(), text.size(), whole ? "%.0f %s" : "%.1f %s", value, units.at(unit));
    return text.data();
}

std::string human_time(std::uint64_t unix_seconds) {
    auto const time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
    return text.data();
}

}  // namespace satchel::cli
