#include "src/cli/style.h"

#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace satchel::cli {

namespace {

char const* code_of(Style::Tone tone) {
    switch (tone) {
        case Style::Tone::good:
            return "\x1b[32m";
        case Style::Tone::doubtful:
            return "\x1b[33m";
        case Style::Tone::bad:
            return "\x1b[31m";
        case Style::Tone::strong:
            return "\x1b[1m";
    }
    return "";
}

}  // namespace

bool wants_colours(bool on_terminal, char const* no_color, char const* term) {
    bool const forbidden = no_color != nullptr && *no_color != '\0';
    bool const able = term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
    return on_terminal && !forbidden && able;
}

Style Style::of(std::FILE* stream) {
    return Style(wants_colours(::isatty(::fileno(stream)) == 1, std::getenv("NO_COLOR"),
                               std::getenv("TERM")));
}

std::string Style::paint(Tone tone, std::string const& text) const {
    return colours_ ? code_of(tone) + text + "\x1b[0m" : text;
}

}  // namespace satchel::cli
