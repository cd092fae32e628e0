#include "src/cli/progress.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace satchel::cli {

namespace {

constexpr auto redraw_period = std::chrono::milliseconds(100);
constexpr auto plain_line_period = std::chrono::seconds(10);
constexpr std::size_t narrowest_name = 8;

/// A dumb terminal can't redraw a line: it gets plain ones.
bool can_redraw() {
    char const* const term = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

std::size_t terminal_columns() {
    winsize size{};
    bool const known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

bool begins_character(char octet) {
    return (static_cast<unsigned char>(octet) & 0xC0U) != 0x80U;
}

/// At most `columns` characters of UTF-8, each taken as one column wide. The end is kept: it tells
/// the type of a file.
std::string shortened(std::string const& name, std::size_t columns) {
    auto length =
        static_cast<std::size_t>(std::count_if(name.begin(), name.end(), begins_character));
    if (length <= columns) return name;
    std::size_t at = 0;
    for (; length >= columns; --length)
        while (++at < name.size() && !begins_character(name[at]))
            continue;
    return "…" + name.substr(at);
}

}  // namespace

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what))
    , on_terminal_(can_redraw())
    , last_(SteadyClock::now())
    , meter_(last_) {}

ProgressLine::~ProgressLine() {
    make_room();
}

void ProgressLine::make_room() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
    drawn_ = false;
}

void ProgressLine::show(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    auto const now = SteadyClock::now();
    meter_.note(done_bytes, total_bytes, now);
    if (now - last_ < (on_terminal_ ? redraw_period : plain_line_period)) return;
    last_ = now;
    drawn_ = on_terminal_;
    draw();
}

void ProgressLine::draw() const {
    std::string const words = "  " + meter_.words();
    if (on_terminal_) {
        // A line that wraps can't be redrawn; the last column is left to the cursor.
        std::size_t const taken = words.size() + 1 + narrowest_name;
        std::size_t const columns = terminal_columns();
        std::size_t const room = narrowest_name + (columns > taken ? columns - taken : 0);
        std::fprintf(stderr, "\r\x1b[K%s%s", shortened(what_, room).c_str(), words.c_str());
    } else {
        std::fprintf(stderr, "%s%s\n", what_.c_str(), words.c_str());
    }
    std::fflush(stderr);
}

}  // namespace satchel::cli
