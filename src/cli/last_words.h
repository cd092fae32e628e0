// What a user should know who ends a verb with Ctrl-C.
#pragma once

#include <csignal>

namespace satchel::cli {

/// While it lives, Ctrl-C prints a line on stderr and then ends the program as it always does;
/// where SIGINT is ignored it stays so. One at a time; on the main thread.
class LastWords {
public:
    /// `line` outlives it, and ends with a line feed.
    explicit LastWords(char const* line);
    LastWords(LastWords const&) = delete;
    LastWords& operator=(LastWords const&) = delete;
    ~LastWords();

private:
    struct sigaction before_ {};
};

}  // namespace satchel::cli
