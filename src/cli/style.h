// Colours for people at a terminal: none in a file or a pipe, none where NO_COLOR is set
// (no-color.org) or the terminal is a dumb one.
#pragma once

#include <cstdio>
#include <string>

namespace satchel::cli {

class Style {
public:
    enum class Tone { good, doubtful, bad, strong };

    /// For what is written to `stream`, stdout or stderr.
    static Style of(std::FILE* stream);

    explicit Style(bool colours)
        : colours_(colours) {}

    std::string paint(Tone tone, std::string const& text) const;

private:
    bool colours_;
};

/// Pure; the last two are values of NO_COLOR and TERM, null where they are not set.
bool wants_colours(bool on_terminal, char const* no_color, char const* term);

}  // namespace satchel::cli
