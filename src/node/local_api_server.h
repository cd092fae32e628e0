// Serves a home's local socket: commands of this user's programs, answered on the owner's thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "src/base/asio.h"
#include "src/base/unique_fd.h"
#include "src/node/local_message.h"

namespace satchel::node {

/// One request under way.
struct LocalCall {
    LocalRequest request;
    std::vector<UniqueFd> files;
    std::function<void(Json const&)> progress;  ///< call on the owner's thread
};

class LocalApiServer {
public:
    using Handler = std::function<asio::awaitable<Result<Json>>(LocalCall&)>;

    /// Listens on `socket` (0600). A socket that a dead process left is replaced; a live one is
    /// Fault::refused.
    static Result<std::unique_ptr<LocalApiServer>> start(asio::io_context& owner,
                                                         std::filesystem::path const& socket,
                                                         Handler handler);
    ~LocalApiServer();

    /// Takes no more calls and drops those under way. The name of the socket goes away.
    void stop();

private:
    struct State;
    explicit LocalApiServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace satchel::node
