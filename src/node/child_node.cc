#include "src/node/child_node.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/unique_fd.h"
#include "src/node/local_message.h"

namespace satchel::node {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto ready_patience = std::chrono::seconds(30);
constexpr auto stop_patience = std::chrono::seconds(10);

[[noreturn]] void become_node(std::vector<std::string> const& arguments, int output, pid_t parent) {
    // The child must not outlive a parent that was killed.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(0);
    ::dup2(output, STDOUT_FILENO);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string const& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
}

/// The first line that appears on `fd`.
Result<std::string> first_line(int fd) {
    std::string line;
    auto const deadline = SteadyClock::now() + ready_patience;
    for (;;) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
        if (left.count() <= 0) return fail(Fault::timed_out, "the node did not get ready in time");
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
        std::array<char, 4096> buffer{};
        ssize_t const n = ::read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(Fault::unavailable, "the node ended before it was ready");
        line.append(buffer.data(), static_cast<std::size_t>(n));
        if (auto const end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
    }
}

Error error_in(nlohmann::json const& line) {
    auto const error = line.value("error", nlohmann::json::object());
    return {fault_of(error.value("fault", "unavailable")),
            error.value("message", "the node did not get ready")};
}

}  // namespace

Result<ChildNode> ChildNode::start(std::filesystem::path const& home,
                                   std::vector<std::string> const& settings, Scope scope) {
    std::vector<std::string> arguments{"satchel", "--home", home.string(), "--json"};
    for (std::string const& setting : settings) {
        arguments.emplace_back("--set");
        arguments.push_back(setting);
    }
    arguments.emplace_back("node");
    if (scope == Scope::brief) arguments.emplace_back("--brief");
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(system_error("pipe"));
    UniqueFd const reading(ends[0]);
    UniqueFd writing(ends[1]);
    pid_t const parent = ::getpid();
    pid_t const pid = ::fork();
    if (pid < 0) return fail(system_error("fork"));
    if (pid == 0) become_node(arguments, writing.get(), parent);
    writing = UniqueFd();
    ChildNode child(pid, {});
    auto const line = first_line(reading.get());
    if (!line) return fail(line.error());
    child.ready_ = nlohmann::json::parse(*line, nullptr, false);
    if (!child.ready_.is_object() || child.ready_.value("event", "") != "ready") {
        return fail(child.ready_.is_object()
                        ? error_in(child.ready_)
                        : Error{Fault::unavailable, "the node did not get ready"});
    }
    return child;
}

ChildNode::ChildNode(pid_t pid, nlohmann::json ready)
    : pid_(pid)
    , ready_(std::move(ready)) {}

ChildNode::ChildNode(ChildNode&& other) noexcept
    : pid_(std::exchange(other.pid_, 0))
    , ready_(std::move(other.ready_)) {}

bool ChildNode::runs() {
    if (pid_ != 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
    return pid_ != 0;
}

ChildNode::~ChildNode() {
    if (!runs()) return;
    ::kill(pid_, SIGTERM);
    auto const deadline = SteadyClock::now() + stop_patience;
    while (runs()) {
        if (SteadyClock::now() > deadline) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            return;
        }
        ::poll(nullptr, 0, 5);
    }
}

}  // namespace satchel::node
