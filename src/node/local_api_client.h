// Talks to the running node of a home through its local socket. Blocking; one thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "src/base/unique_fd.h"
#include "src/node/local_message.h"

namespace satchel::node {

class LocalApiClient {
public:
    /// Fault::unavailable: no node runs in that home.
    static Result<LocalApiClient> connect(std::filesystem::path const& path);

    using Progress = std::function<void(Json const&)>;

    /// One request and its answer. `files` are lent for the call.
    Result<Json> call(LocalRequest const& request, std::vector<int> const& files = {},
                      Progress const& progress = {});

    /// The socket, for shutdown(2) from another thread.
    int descriptor() const { return socket_.get(); }

    /// The connection ended within a call: no further one can succeed.
    bool broken() const { return broken_; }

private:
    explicit LocalApiClient(UniqueFd socket)
        : socket_(std::move(socket)) {}

    Result<std::string> read_line();

    UniqueFd socket_;
    std::string unread_;
    bool broken_ = false;
};

}  // namespace satchel::node
