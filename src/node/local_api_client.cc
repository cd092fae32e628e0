#include "src/node/local_api_client.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

namespace satchel::node {

Result<LocalApiClient> LocalApiClient::connect(std::filesystem::path const& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string const text = path.string();
    if (text.size() >= sizeof address.sun_path) {
        return fail(Fault::config, "the path of the local socket is too long: " + text);
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail(system_error("socket"));
    if (::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED) {
            return fail(Fault::unavailable, "no node runs in this home");
        }
        return fail(system_error(text));
    }
    return LocalApiClient(std::move(socket));
}

Result<std::string> LocalApiClient::read_line() {
    std::vector<UniqueFd> unexpected_files;
    for (std::size_t searched = 0;;) {
        if (auto const end = unread_.find('\n', searched); end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        searched = unread_.size();
        if (unread_.size() > local_reply_bytes) return fail(Fault::too_large, "endless answer");
        auto const more = receive_with_files(socket_.get(), unread_, unexpected_files);
        if (!more) return fail(more.error());
        if (!*more) return fail(Fault::unavailable, "the node went away before it had answered");
    }
}

Result<Json> LocalApiClient::call(LocalRequest const& request, std::vector<int> const& files,
                                  Progress const& progress) {
    if (auto sent = send_with_files(socket_.get(), encode_request(request), files); !sent) {
        broken_ = true;
        return fail(sent.error());
    }
    for (;;) {
        auto const line = read_line();
        if (!line) {
            broken_ = true;
            return fail(line.error());
        }
        auto reply = decode_reply(*line);
        if (!reply) return fail(reply.error());
        switch (reply->kind) {
            case LocalReply::Kind::progress:
                if (progress) progress(reply->body);
                break;
            case LocalReply::Kind::result:
                return std::move(reply->body);
            case LocalReply::Kind::error:
                return fail(reply->error);
        }
    }
}

}  // namespace satchel::node
