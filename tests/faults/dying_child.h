// Runs something in a child process that dies, as by kill -9, at a chosen call that changes the
// disk.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/failing_disk.h"
#include "tests/support/temp_folder.h"

namespace satchel::testing {

/// In memory where that can be had: hundreds of runs, and each waits for its fsyncs.
inline void use_fast_folder() {
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
}

/// Tries with the 1st, 2nd, … changing call failing, each time in a folder of its own, until
/// nothing fails any more, which `at` tells by false. Gives how often something failed.
inline std::uint64_t fail_at_each_call(
    std::function<bool(std::uint64_t n, TempFolder const& folder)> const& at) {
    constexpr std::uint64_t calls_max = 2'000;
    use_fast_folder();
    for (std::uint64_t n = 1;; ++n) {
        REQUIRE(n < calls_max);
        CAPTURE(n);
        TempFolder const folder;
        if (!at(n, folder)) return n - 1;
    }
}

struct LastWords {
    bool died = false;  ///< false: it came to its end before the chosen call
    std::string told;   ///< a letter for each step that it had told as done
};

/// `work` says what is done by tell(), and returns whether all went well: it must, unless it dies.
/// What it needs it makes itself.
inline LastWords run_and_die(
    std::uint64_t n, std::function<bool(std::function<void(char)> const& tell)> const& work) {
    int told[2];
    REQUIRE(::pipe(told) == 0);
    pid_t const child = ::fork();
    if (child == 0) {
        FailingDisk::die_at(n);
        bool const well = work([&](char step) { static_cast<void>(!::write(told[1], &step, 1)); });
        ::_exit(well ? 0 : 1);
    }
    ::close(told[1]);
    LastWords words;
    for (char c = 0; ::read(told[0], &c, 1) == 1;)
        words.told += c;
    ::close(told[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    words.died = WIFSIGNALED(status);
    CHECK((words.died || WEXITSTATUS(status) == 0));
    return words;
}

}  // namespace satchel::testing
