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

namespace satchel::testing {

/// In memory where that can be had: hundreds of runs, and each waits for its fsyncs.
inline void use_fast_folder() {
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
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
