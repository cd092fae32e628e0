#include "src/cli/style.h"

#include <doctest/doctest.h>

using namespace satchel::cli;

TEST_CASE("style: colours only for people who want them") {
    struct Row {
        char const* why;
        bool on_terminal;
        char const* no_color;
        char const* term;
        bool colours;
    };

    Row const rows[] = {
        {"a terminal", true, nullptr, "xterm", true},
        {"a pipe", false, nullptr, "xterm", false},
        {"NO_COLOR", true, "1", "xterm", false},
        {"an empty NO_COLOR is none", true, "", "xterm", true},
        {"a dumb terminal", true, nullptr, "dumb", false},
        {"no TERM", true, nullptr, nullptr, false},
    };
    for (Row const& row : rows) {
        CAPTURE(row.why);
        CHECK(wants_colours(row.on_terminal, row.no_color, row.term) == row.colours);
    }
    CHECK(Style(false).paint(Style::Tone::bad, "no") == "no");
    CHECK(Style(true).paint(Style::Tone::bad, "no") == "\x1b[31mno\x1b[0m");
}
