#include "src/base/message_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace satchel {

namespace {

constexpr std::size_t rights_bytes = CMSG_SPACE(sizeof(int) * socket_files_max);

struct alignas(cmsghdr) Rights {
    std::array<Byte, rights_bytes> bytes{};
};

bool would_wait(int code) {
    static_assert(EAGAIN == EWOULDBLOCK);
    return code == EAGAIN || code == ENOBUFS;
}

std::vector<UniqueFd> files_in(msghdr& message) {
    std::vector<UniqueFd> files;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        std::size_t const count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            files.emplace_back(fd);
        }
    }
    return files;
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> message_socket_pair() {
    std::array<int, 2> ends{};
    int const type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0)
        return fail(system_error("a pair of sockets"));
    return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Status send_message(int fd, ByteSpan bytes, std::span<int const> files) {
    if (bytes.empty() || files.size() > socket_files_max)
        return fail(Fault::usage, "a message has bytes, and few files");
    iovec part{const_cast<Byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    Rights rights;
    if (!files.empty()) {
        message.msg_control = rights.bytes.data();
        message.msg_controllen = CMSG_SPACE(files.size_bytes());
        cmsghdr* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(files.size_bytes());
        std::memcpy(CMSG_DATA(head), files.data(), files.size_bytes());
    }
    for (;;) {
        if (::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
        if (errno == EINTR) continue;
        if (would_wait(errno)) return fail(Fault::timed_out, "the other process does not keep up");
        if (errno == EMSGSIZE) return fail(Fault::too_large, "a message over the socket's bound");
        auto error = system_error("the other process");
        error.fault = Fault::unavailable;
        return fail(std::move(error));
    }
}

Result<std::optional<SocketMessage>> receive_message(int fd, std::size_t max_bytes) {
    SocketMessage received;
    received.bytes.resize(max_bytes);
    iovec part{received.bytes.data(), received.bytes.size()};
    Rights rights;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = rights.bytes.data();
    message.msg_controllen = rights.bytes.size();
    ssize_t count = 0;
    do {
        count = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && would_wait(errno)) return std::optional<SocketMessage>();
    if (count < 0) {
        auto error = system_error("the other process");
        error.fault = Fault::unavailable;
        return fail(std::move(error));
    }
    received.files = files_in(message);
    if (count == 0) return fail(Fault::unavailable, "the other process has gone");
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return fail(Fault::too_large, "a message over its bound");
    received.bytes.resize(static_cast<std::size_t>(count));
    return std::optional(std::move(received));
}

}  // namespace satchel
