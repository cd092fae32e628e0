#include "mailgw/hop_socket.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace satchel::mailgw {

namespace {

/// Waits until the socket is ready for `events`.
Status wait_for(int fd, short events, HopSocket::Deadline deadline, StopSignal const& stop) {
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

auto unreachable() {
    return fail(Fault::unavailable, system_error("next hop").what);
}

Result<UniqueFd> connect_to(addrinfo const& address, HopSocket::Deadline deadline,
                            StopSignal const& stop) {
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return fail(system_error("socket"));
    int const on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
    if (errno != EINPROGRESS) return unreachable();
    if (auto ready = wait_for(fd.get(), POLLOUT, deadline, stop); !ready) {
        return fail(ready.error());
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        errno = error;
        return unreachable();
    }
    return fd;
}

}  // namespace

Result<HopSocket> HopSocket::connect(std::string const& host, std::uint16_t port, Deadline deadline,
                                     StopSignal const& stop) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* raw = nullptr;
    int const code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const found(raw, ::freeaddrinfo);
    if (code != 0) return fail(Fault::unavailable, "next hop " + host + ": " + gai_strerror(code));
    Error last{Fault::unavailable, "next hop " + host + " has no address"};
    for (addrinfo const* at = found.get(); at != nullptr; at = at->ai_next) {
        auto fd = connect_to(*at, deadline, stop);
        if (fd) return HopSocket(std::move(*fd), stop);
        last = fd.error();
    }
    return fail(std::move(last));
}

Result<HopSocket> HopSocket::connect(std::string const& path, StopSignal const& stop) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(Fault::config, "socket path too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return fail(system_error("socket"));
    // Never in progress: it works at once, or the server's queue is full.
    auto const* const generic = reinterpret_cast<sockaddr const*>(&address);
    if (::connect(fd.get(), generic, sizeof address) != 0) {
        return fail(Fault::unavailable, system_error("next hop " + path).what);
    }
    return HopSocket(std::move(fd), stop);
}

Status HopSocket::send(ByteSpan bytes, Deadline deadline) {
    while (!bytes.empty()) {
        ssize_t const sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return unreachable();
        if (auto ready = wait_for(fd_.get(), POLLOUT, deadline, *stop_); !ready) return ready;
    }
    return {};
}

Result<std::size_t> HopSocket::receive(std::span<Byte> into, Deadline deadline) {
    for (;;) {
        if (auto ready = wait_for(fd_.get(), POLLIN, deadline, *stop_); !ready) {
            return fail(ready.error());
        }
        ssize_t const count = ::recv(fd_.get(), into.data(), into.size(), 0);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR && errno != EAGAIN) return unreachable();
    }
}

}  // namespace satchel::mailgw
