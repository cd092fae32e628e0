#include "src/programs/whole_program.h"

#include <filesystem>

#include <unistd.h>

namespace satchel::programs {

namespace fs = std::filesystem;

Error become_whole_program(char** argv) {
    std::error_code unreadable;
    fs::path const here = fs::read_symlink("/proc/self/exe", unreadable).parent_path();
    // Relative to this program: an installation may have been moved.
    fs::path const from_bin = fs::path(SATCHEL_WHOLE).lexically_relative(SATCHEL_BINDIR);
    fs::path const installed = (here / from_bin).lexically_normal();
    for (fs::path const& place : {installed, here / "whole" / "satchel"})  // where it was built
        ::execv(place.c_str(), argv);
    return {Fault::not_found, installed.string() +
                                  " can't be started, which is the other half of this program: "
                                  "install Satchel again"};
}

}  // namespace satchel::programs
