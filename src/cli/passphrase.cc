#include "src/cli/passphrase.h"

#include <cerrno>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "src/base/secret.h"
#include "src/base/unique_fd.h"

namespace satchel::cli {

namespace {

/// While it lives, the terminal shows nothing of what is typed.
class Silence {
public:
    explicit Silence(int terminal)
        : terminal_(terminal) {
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
    }

private:
    int terminal_;
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
    return read_line(terminal->get());
}

}  // namespace satchel::cli
