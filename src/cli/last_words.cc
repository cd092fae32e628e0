#include "src/cli/last_words.h"

#include <atomic>
#include <cstring>

#include <unistd.h>

namespace satchel::cli {

namespace {

std::atomic<char const*> said_at_the_end{nullptr};

void say(char const* words) {
    if (::write(STDERR_FILENO, words, std::strlen(words)) < 0) return;  // nobody listens
}

void say_and_end(int signal) {
    // What was typed, or a progress line, stands in the line that the cursor is in.
    if (::isatty(STDERR_FILENO) != 0) say("\n");
    if (char const* const words = said_at_the_end) say(words);
    static_cast<void>(::raise(signal));
}

}  // namespace

LastWords::LastWords(char const* line) {
    said_at_the_end = line;
    static_cast<void>(::sigaction(SIGINT, nullptr, &before_));
    if (before_.sa_handler == SIG_IGN) return;

    struct sigaction action {};

    action.sa_handler = say_and_end;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    static_cast<void>(::sigaction(SIGINT, &action, nullptr));
}

LastWords::~LastWords() {
    static_cast<void>(::sigaction(SIGINT, &before_, nullptr));
    said_at_the_end = nullptr;
}

}  // namespace satchel::cli
