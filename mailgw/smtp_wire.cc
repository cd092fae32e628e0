#include "mailgw/smtp_wire.h"

#include <algorithm>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "mailgw/smtp_limits.h"

namespace satchel::mailgw {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Waits until the socket is ready for `events`.
Status wait_for(int fd, short events, SteadyTime deadline, StopSignal const& stop) {
    for (;;) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail(Fault::timed_out, "next hop: no answer in time");
        pollfd waits[] = {{fd, events, 0}, {stop.fd(), POLLIN, 0}};
        int const ready = ::poll(waits, 2, static_cast<int>(std::min<long>(left.count(), 60'000)));
        if (ready < 0 && errno != EINTR) return fail(system_error("poll"));
        if (ready > 0 && waits[1].revents != 0) return fail(Fault::unavailable, "stopping");
        if (ready > 0 && waits[0].revents != 0) return {};
    }
}

Result<UniqueFd> connect_to(addrinfo const& address, SteadyTime deadline, StopSignal const& stop) {
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return fail(system_error("socket"));
    int const on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
    if (errno != EINPROGRESS) return fail(Fault::unavailable, system_error("next hop").what);
    if (auto ready = wait_for(fd.get(), POLLOUT, deadline, stop); !ready) {
        return fail(ready.error());
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        errno = error;
        return fail(Fault::unavailable, system_error("next hop").what);
    }
    return fd;
}

}  // namespace

Result<SmtpWire> SmtpWire::connect(std::string const& host, std::uint16_t port, Patience patience,
                                   StopSignal const& stop) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* raw = nullptr;
    int const code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const found(raw, ::freeaddrinfo);
    if (code != 0) return fail(Fault::unavailable, "next hop " + host + ": " + gai_strerror(code));
    auto const deadline = std::chrono::steady_clock::now() + patience;
    Error last{Fault::unavailable, "next hop " + host + " has no address"};
    for (addrinfo const* at = found.get(); at != nullptr; at = at->ai_next) {
        auto fd = connect_to(*at, deadline, stop);
        if (fd) return SmtpWire(std::move(*fd), stop);
        last = fd.error();
    }
    return fail(std::move(last));
}

Status SmtpWire::send(ByteSpan bytes, Patience patience) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    while (!bytes.empty()) {
        ssize_t const sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return fail(Fault::unavailable, system_error("next hop").what);
        if (auto ready = wait_for(fd_.get(), POLLOUT, deadline, *stop_); !ready) return ready;
    }
    return {};
}

Result<std::string> SmtpWire::read_line(SteadyTime deadline) {
    for (;;) {
        if (auto const nl = inbox_.find('\n'); nl != std::string::npos) {
            std::string line = inbox_.substr(0, nl);
            inbox_.erase(0, nl + 1);
            if (line.ends_with('\r')) line.pop_back();
            return line;
        }
        // Longer lines than RFC 5321 §4.5.3.1.5 allows are common enough.
        if (inbox_.size() > 8 * smtp_limits::reply_line_octets) {
            return fail(Fault::corrupt, "next hop: reply line too long");
        }
        if (auto ready = wait_for(fd_.get(), POLLIN, deadline, *stop_); !ready) {
            return fail(ready.error());
        }
        char buffer[4096];
        ssize_t const count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
        if (count == 0) return fail(Fault::unavailable, "next hop closed the connection");
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return fail(Fault::unavailable, system_error("next hop").what);
        }
        if (count > 0) inbox_.append(buffer, static_cast<std::size_t>(count));
    }
}

Result<SmtpReply> SmtpWire::read_reply(Patience patience) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    SmtpReply reply;
    for (std::size_t lines = 0; lines < smtp_limits::reply_lines; ++lines) {
        auto line = read_line(deadline);
        if (!line) return fail(line.error());
        auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
        bool const formed = line->size() >= 3 && (*line)[0] >= '2' && (*line)[0] <= '5' &&
                            is_digit((*line)[1]) && is_digit((*line)[2]) &&
                            (line->size() == 3 || (*line)[3] == ' ' || (*line)[3] == '-');
        if (!formed) return fail(Fault::corrupt, "next hop: not an SMTP reply");
        int const code = std::stoi(line->substr(0, 3));
        if (reply.code != 0 && code != reply.code) {
            return fail(Fault::corrupt, "next hop: reply with two codes");
        }
        reply.code = code;
        for (char& c : *line)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
        reply.text += (reply.text.empty() ? "" : "\n") + *line;
        if (line->size() == 3 || (*line)[3] == ' ') return reply;
    }
    return fail(Fault::corrupt, "next hop: endless reply");
}

}  // namespace satchel::mailgw
