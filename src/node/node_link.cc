#include "src/node/node_link.h"

#include <sys/socket.h>

namespace satchel::node {

void LinkCutter::cut() {
    std::lock_guard const guard(mutex_);
    cut_ = true;
    for (int socket : sockets_)
        ::shutdown(socket, SHUT_RDWR);
}

bool LinkCutter::enter(int socket) {
    std::lock_guard const guard(mutex_);
    if (!cut_) sockets_.insert(socket);
    return !cut_;
}

void LinkCutter::leave(int socket) {
    std::lock_guard const guard(mutex_);
    sockets_.erase(socket);
}

NodeLink::NodeLink(std::filesystem::path socket, std::vector<std::string> settings,
                   std::shared_ptr<LinkCutter> cutter)
    : socket_(std::move(socket))
    , settings_(std::move(settings))
    , cutter_(std::move(cutter)) {}

Result<Json> NodeLink::call(std::string const& verb, Json args, std::vector<int> const& files) {
    LocalRequest const request{.verb = verb, .args = std::move(args), .settings = settings_};
    bool const kept = client_.has_value();
    auto result = call_once(request, files);
    if (result || !kept || client_) return result;
    return call_once(request, files);  // the kept connection was of a node that has gone
}

Result<Json> NodeLink::call_once(LocalRequest const& request, std::vector<int> const& files) {
    if (!client_) {
        auto connected = LocalApiClient::connect(socket_);
        if (!connected) return fail(connected.error());
        client_.emplace(std::move(*connected));
    }
    int const fd = client_->descriptor();
    if (!cutter_->enter(fd)) return fail(Fault::unavailable, "going down");
    auto result = client_->call(request, files);
    cutter_->leave(fd);
    if (client_->broken()) client_.reset();
    return result;
}

}  // namespace satchel::node
