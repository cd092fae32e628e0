#include "src/cli/passphrase.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "src/base/secret.h"
#include "src/base/unique_fd.h"

namespace satchel::cli {

namespace {

// Set by the handler, for the one question that is being asked.
volatile std::sig_atomic_t interrupted_by = 0;

/// While it lives, the terminal shows nothing of what is typed. Ctrl-C ends the question first, the
/// program after the terminal is as it was.
class Silence {
public:
    explicit Silence(int terminal)
        : terminal_(terminal) {
        interrupted_by = 0;

        sigset_t held;
        ::sigemptyset(&held);
        for (int const signal : ending)
            ::sigaddset(&held, signal);
        ::pthread_sigmask(SIG_BLOCK, &held, &mask_before_);

        struct sigaction note {};

        note.sa_handler = [](int signal) { interrupted_by = signal; };  // no SA_RESTART
        for (std::size_t i = 0; i < ending.size(); ++i)
            ::sigaction(ending[i], &note, &handled_before_[i]);
        if (::tcgetattr(terminal_, &before_) != 0) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= ECHONL;
        changed_ = ::tcsetattr(terminal_, TCSAFLUSH, &silent) == 0;
    }

    Silence(Silence const&) = delete;
    Silence& operator=(Silence const&) = delete;

    ~Silence() {
        if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i < ending.size(); ++i)
            ::sigaction(ending[i], &handled_before_[i], nullptr);
        ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
        if (interrupted_by != 0) static_cast<void>(::raise(interrupted_by));
    }

    /// False where a signal came instead. Signals are let in only while it waits: one that came
    /// just before would be missed otherwise, and the question would stand for ever.
    bool wait_for_line() const {
        pollfd typed{terminal_, POLLIN, 0};
        while (::ppoll(&typed, 1, nullptr, &mask_before_) < 0)
            if (errno != EINTR || interrupted_by != 0) return false;
        return true;
    }

private:
    static constexpr std::array ending = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};

    int terminal_;
    std::array<struct sigaction, ending.size()> handled_before_{};
    sigset_t mask_before_{};
    termios before_{};
    bool changed_ = false;
};

}  // namespace

Passphrase::~Passphrase() {
    wipe(octets_);
}

Result<Passphrase> Passphrase::read_line(int fd) {
    Passphrase passphrase;
    for (Byte octet = 0;;) {
        ssize_t const count = ::read(fd, &octet, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(system_error("passphrase"));
        if (count == 0 || octet == '\n') break;
        if (passphrase.octets_.size() == octets_max)
            return fail(Fault::usage, "the passphrase is too long");
        passphrase.octets_.push_back(octet);
    }
    // A file from elsewhere may end its lines in CR LF.
    if (!passphrase.octets_.empty() && passphrase.octets_.back() == '\r')
        passphrase.octets_.pop_back();
    if (passphrase.octets_.empty())
        return fail(Fault::usage, "an empty passphrase protects nothing");
    return passphrase;
}

Result<Passphrase> Passphrase::from_file(std::string const& file) {
    auto const fd = open_file(file, O_RDONLY);
    if (!fd) return fail(fd.error());
    return read_line(fd->get());
}

Result<Passphrase> Passphrase::ask(std::string const& question) {
    auto const terminal = open_file("/dev/tty", O_RDWR | O_NOCTTY);
    if (!terminal) {
        return fail(Fault::usage, "no terminal to ask for the passphrase; use --passphrase-file");
    }
    Silence const silence(terminal->get());
    if (auto asked = write_all(terminal->get(), bytes_of(question)); !asked)
        return fail(asked.error());
    if (!silence.wait_for_line()) return fail(Fault::usage, "no passphrase was given");
    return read_line(terminal->get());
}

}  // namespace satchel::cli
