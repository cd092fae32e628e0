#include "src/programs/whole_program.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace satchel::programs {

namespace {

namespace fs = std::filesystem;

char** command = nullptr;

/// Where it may be, the likeliest first.
std::vector<fs::path> places() {
    std::error_code unreadable;
    fs::path const here = fs::read_symlink("/proc/self/exe", unreadable).parent_path();
    // Without /proc: never relative to the current folder, where anybody's file may lie.
    if (!here.is_absolute()) return {SATCHEL_WHOLE};
    // Relative to this program, as an installation may have been moved.
    fs::path const from_bin = fs::path(SATCHEL_WHOLE).lexically_relative(SATCHEL_BINDIR);
    return {(here / from_bin).lexically_normal(), here / "whole" / "satchel"};  // where it is built
}

}  // namespace

void note_command(char** argv) {
    command = argv;
}

Error become_whole_program() {
    std::string why;
    for (fs::path const& place : places()) {
        ::execv(place.c_str(), command);
        if (!why.empty()) continue;
        why = place.string() + " can't be started: " + std::generic_category().message(errno) +
              ". It is the other half of this program: if it stays so, install Satchel again";
    }
    return {Fault::timed_out, why};
}

}  // namespace satchel::programs
