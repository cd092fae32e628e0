#include "src/node/local_message.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace satchel::node {

namespace {

constexpr auto tolerant = Json::error_handler_t::replace;  // names from mail may be broken UTF-8

std::string line_of(Json const& object) {
    return object.dump(-1, ' ', false, tolerant) + '\n';
}

}  // namespace

std::string encode_request(LocalRequest const& request) {
    return line_of({{"verb", request.verb}, {"args", request.args}, {"set", request.settings}});
}

Result<LocalRequest> decode_request(std::string const& line) {
    Json const object = Json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("verb") || !object["verb"].is_string()) {
        return fail(Fault::usage, "not a request");
    }
    LocalRequest request{
        .verb = object["verb"].get<std::string>(), .args = Json::object(), .settings = {}};
    if (object.contains("args") && object["args"].is_object()) request.args = object["args"];
    if (!object.contains("set")) return request;
    for (Json const& setting : object["set"]) {
        if (!setting.is_string()) return fail(Fault::usage, "a setting is not a text");
        request.settings.push_back(setting.get<std::string>());
    }
    return request;
}

std::string encode_progress(Json const& progress) {
    return line_of({{"progress", progress}});
}

std::string encode_result(Json const& result) {
    return line_of({{"result", result}});
}

std::string encode_error(Error const& error) {
    return line_of({{"error", {{"fault", to_string(error.fault)}, {"message", error.what}}}});
}

Fault fault_of(std::string const& word) {
    for (Fault fault : {Fault::usage, Fault::config, Fault::not_found, Fault::refused,
                        Fault::untrusted, Fault::corrupt, Fault::too_large, Fault::no_space,
                        Fault::unavailable, Fault::timed_out}) {
        if (word == to_string(fault)) return fault;
    }
    return Fault::io;
}

Result<LocalReply> decode_reply(std::string const& line) {
    Json object = Json::parse(line, nullptr, false);
    if (!object.is_object()) return fail(Fault::corrupt, "the node's answer makes no sense");
    LocalReply reply;
    if (object.contains("progress")) {
        reply.kind = LocalReply::Kind::progress;
        reply.body = std::move(object["progress"]);
    } else if (object.contains("result")) {
        reply.kind = LocalReply::Kind::result;
        reply.body = std::move(object["result"]);
    } else {
        Json const error = object.value("error", Json::object());
        reply.error = {fault_of(error.value("fault", "io")), error.value("message", "unknown")};
    }
    return reply;
}

Status send_with_files(int socket, std::string const& line, std::vector<int> const& files) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(local_files_max * sizeof(int))> control{};
    std::size_t sent = 0;
    while (sent < line.size()) {
        iovec part{const_cast<char*>(line.data()) + sent, line.size() - sent};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (sent == 0 && !files.empty()) {
            message.msg_control = control.data();
            message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
            cmsghdr* const header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
            std::memcpy(CMSG_DATA(header), files.data(), files.size() * sizeof(int));
        }
        ssize_t const n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(system_error("local socket"));
        sent += static_cast<std::size_t>(n);
    }
    return {};
}

Result<bool> receive_with_files(int socket, std::string& text, std::vector<UniqueFd>& files) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(local_files_max * sizeof(int))> control{};
    std::array<char, 64 * 1024> buffer;  // its pages are touched as they fill: mostly one
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t n = 0;
    do {
        n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return fail(system_error("local socket"));
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        std::size_t const count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            files.emplace_back(fd);
        }
    }
    text.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0;
}

}  // namespace satchel::node
