#include "src/node/own_program.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/unique_fd.h"

namespace satchel::node {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t text_max = 1024 * 1024;

[[noreturn]] void become(char* const* argv, int output) {
    ::dup2(output, STDOUT_FILENO);
    ::execv("/proc/self/exe", argv);
    ::_exit(127);
}

/// True: the stream ended by itself.
bool read_all(int fd, std::string& text, SteadyClock::time_point deadline) {
    std::array<char, 16 * 1024> buffer{};
    while (text.size() < text_max) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
        if (left.count() <= 0) return false;
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
        ssize_t const n = ::read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return true;
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return false;
}

}  // namespace

Result<ProgramOutput> run_own_program(std::vector<std::string> const& words,
                                      std::chrono::seconds patience) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(system_error("pipe"));
    UniqueFd const reading(ends[0]);
    UniqueFd writing(ends[1]);
    // All that the child needs is made before the fork: other threads run.
    std::string program = "satchel";
    std::vector<std::string> own(words);
    std::vector<char*> argv{program.data()};
    for (std::string& word : own)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t const pid = ::fork();
    if (pid < 0) return fail(system_error("fork"));
    if (pid == 0) become(argv.data(), writing.get());
    writing = UniqueFd();
    ProgramOutput output;
    bool const ended = read_all(reading.get(), output.text, SteadyClock::now() + patience);
    if (!ended) ::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ended) return fail(Fault::timed_out, words.back() + ": took too long");
    output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return output;
}

}  // namespace satchel::node
