#include "src/node/swarm_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/message_socket.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds first_pause{500};  ///< then twice as long each time
constexpr std::chrono::milliseconds longest_pause{60'000};
constexpr auto long_life = 60s;  ///< who lived so long died of something else than the one before
constexpr int socket_fd = 3;     ///< what `satchel swarm` expects

/// After fork: nothing here may allocate.
[[noreturn]] void become_swarm(char const* program, char* const* arguments, int socket, int null) {
    // Copies above all that are wanted, so that none is overwritten.
    int const from = ::fcntl(socket, F_DUPFD, 10);
    for (int const fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null, fd);
    ::dup2(from, socket_fd);
    constexpr long close_range = 436;
    if (::syscall(close_range, socket_fd + 1, ~0U, 0U) != 0)
        for (int fd = socket_fd + 1; fd < 4096; ++fd)
            ::close(fd);
    if (::chdir("/") != 0) ::_exit(126);
    std::array<char*, 1> environment{nullptr};
    ::execve(program, arguments, environment.data());
    ::_exit(127);
}

}  // namespace

SwarmProcess::SwarmProcess(World world)
    : world_(std::move(world))
    , timer_(world_.owner)
    , pause_(first_pause) {}

SwarmProcess::~SwarmProcess() {
    stop();
}

void SwarmProcess::start() {
    if (auto spawned = spawn(); !spawned) {
        world_.log.warning("swarm_not_started", {{"reason", spawned.error().what}});
        start_later();
    }
}

void SwarmProcess::stop() {
    stopped_ = true;
    changed_ = nullptr;
    timer_.cancel();
    link_.reset();
    bury();
}

Status SwarmProcess::spawn() {
    auto ends = message_socket_pair();
    if (!ends) return fail(ends.error());
    auto const null = open_file("/dev/null", O_RDWR);
    if (!null) return fail(null.error());
    std::string const program = world_.program.string();
    std::string const listen = world_.listen.to_string();
    std::array<std::string, 4> words{"satchel", "swarm", "--listen", listen};
    std::array<char*, 5> arguments{};
    std::ranges::transform(words, arguments.begin(), [](std::string& word) { return word.data(); });
    pid_t const pid = ::fork();
    if (pid < 0) return fail(system_error("fork"));
    if (pid == 0) become_swarm(program.c_str(), arguments.data(), ends->second.get(), null->get());
    pid_ = pid;
    spawned_ = SteadyClock::now();
    auto changed = [this] { note_change(); };
    link_ = std::make_shared<transfer::SwarmLink>(world_.owner, std::move(ends->first),
                                                  std::move(changed));
    if (rates_ != transfer::SwarmRates()) link_->set_rates(rates_);
    return {};
}

void SwarmProcess::note_change() {
    if (!link_->gone()) {
        auto const listening = link_->listening();
        if (listening && world_.listen.port == 0) world_.listen.port = listening->port;
        world_.log.info("swarm_up", {{"listening", listening ? listening->to_string() : ""}});
        if (changed_) changed_();
        return;
    }
    auto const last = link_->traffic();
    of_earlier_.sent += last.sent;
    of_earlier_.received += last.received;
    jobs_.clear();
    // It is on the stack of whoever calls this.
    asio::post(world_.owner, [link = std::exchange(link_, nullptr)] {});
    bury();
    world_.log.warning("swarm_gone", {{"again_in", std::to_string(pause_.count()) + " ms"}});
    if (changed_) changed_();
    start_later();
}

/// A process that does not answer any more, or has answered nonsense, is ended.
void SwarmProcess::bury() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
}

void SwarmProcess::start_later() {
    if (stopped_) return;
    if (SteadyClock::now() - spawned_ > long_life) pause_ = first_pause;
    timer_.expires_after(pause_);
    pause_ = std::min(2 * pause_, longest_pause);
    timer_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled && !stopped_) start();
    });
}

void SwarmProcess::wait_until_up(std::chrono::milliseconds patience) {
    auto const until = SteadyClock::now() + patience;
    while (link_ && !link_->listening() && SteadyClock::now() < until) {
        auto const link = link_;  // it may be gone after one look
        link->look(
            std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()));
    }
}

std::optional<Endpoint> SwarmProcess::listening() const {
    return link_ ? link_->listening() : std::nullopt;
}

Result<transfer::SwarmJobId> SwarmProcess::start(transfer::SwarmJob job,
                                                 transfer::SwarmEvents events) {
    if (!link_) return fail(Fault::unavailable, "the swarm is away");
    auto theirs = link_->start(std::move(job), std::move(events));
    if (!theirs) return theirs;
    jobs_[++last_job_] = *theirs;
    return last_job_;
}

void SwarmProcess::dial(transfer::SwarmJobId id) {
    auto const known = jobs_.find(id);
    if (link_ && known != jobs_.end()) link_->dial(known->second);
}

void SwarmProcess::stop(transfer::SwarmJobId id) {
    auto const known = jobs_.extract(id);
    if (link_ && !known.empty()) link_->stop(known.mapped());
}

void SwarmProcess::set_rates(transfer::SwarmRates const& rates) {
    if (std::exchange(rates_, rates) != rates && link_) link_->set_rates(rates);
}

transfer::SwarmTraffic SwarmProcess::traffic() const {
    transfer::SwarmTraffic all = of_earlier_;
    if (!link_) return all;
    auto const now = link_->traffic();
    return {all.sent + now.sent, all.received + now.received, now.peers};
}

}  // namespace satchel::node
