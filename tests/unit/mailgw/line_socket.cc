#include "tests/unit/mailgw/line_socket.h"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace satchel::testing {

LineSocket::LineSocket(UniqueFd fd)
    : fd_(std::move(fd)) {
    timeval const patience{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

LineSocket LineSocket::connect(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("can't connect");
    }
    return LineSocket(std::move(fd));
}

bool LineSocket::send(std::string const& text) {
    std::string_view left = text;
    while (!left.empty()) {
        ssize_t const sent = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        left.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::optional<std::string> LineSocket::line() {
    for (;;) {
        if (auto const nl = inbox_.find('\n'); nl != std::string::npos) {
            std::string line = inbox_.substr(0, nl);
            inbox_.erase(0, nl + 1);
            if (line.ends_with('\r')) line.pop_back();
            return line;
        }
        char buffer[16384];
        ssize_t const count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
        if (count <= 0) return std::nullopt;
        inbox_.append(buffer, static_cast<std::size_t>(count));
    }
}

std::string LineSocket::reply() {
    for (;;) {
        auto const text = line();
        if (!text) return "";
        if (text->size() < 4 || (*text)[3] != '-') return *text;
    }
}

}  // namespace satchel::testing
