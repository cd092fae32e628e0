#include "src/base/sandbox.h"

#include <array>
#include <cstdlib>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_folder.h"

using namespace satchel;

namespace {

/// What a child that is in the sandbox answers; 100 where it could not get in.
template <class Ask>
int in_sandbox(Ask ask) {
    pid_t const parent = ::getpid();
    pid_t const child = ::fork();
    if (child == 0) {
        auto const report = enter_sandbox(parent, {});
        ::_exit(report ? ask(*report) : 100);
    }
    int state = 0;
    ::waitpid(child, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 101;
}

}  // namespace

TEST_CASE("sandbox: no new privileges, no core, no path") {
    testing::TempFolder const folder;
    std::string const made = (folder / "made").string();
    int const answer = in_sandbox([&made](SandboxReport const& report) {
        if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 1;
        if (!report.files_closed) return 50;  // an old kernel: nothing more to be seen
        if (::open("/etc/passwd", O_RDONLY) >= 0) return 2;
        if (::open(made.c_str(), O_CREAT | O_WRONLY, 0600) >= 0) return 3;
        if (::execl("/bin/true", "true", nullptr) == 0) return 4;
        return 0;
    });
    CHECK((answer == 0 || answer == 50));
    if (answer == 50) MESSAGE("this kernel has no Landlock");
}

TEST_CASE("sandbox: what is open stays open, and the network") {
    testing::TempFolder const folder;
    int const file = ::open((folder / "open").c_str(), O_CREAT | O_RDWR, 0600);
    REQUIRE(file >= 0);
    CHECK(in_sandbox([file](SandboxReport const&) {
              if (::write(file, "x", 1) != 1) return 1;
              return ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 2;
          }) == 0);
    ::close(file);
}

TEST_CASE("sandbox: not for a child whose parent is gone") {
    pid_t const child = ::fork();
    if (child == 0) ::_exit(enter_sandbox(::getpid(), {}) ? 1 : 0);
    int state = 0;
    ::waitpid(child, &state, 0);
    CHECK(state == 0);
}
