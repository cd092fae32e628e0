#include "src/node/local_api_server.h"

#include <set>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/node/local_api_client.h"

namespace satchel::node {

using Local = asio::local::stream_protocol;

struct LocalApiServer::State : std::enable_shared_from_this<State> {
    struct Connection {
        explicit Connection(Local::socket connected)
            : socket(std::move(connected)) {}

        Local::socket socket;
        std::string text;  ///< received, not yet understood
        std::vector<UniqueFd> files;
        std::string outgoing;
        bool writing = false;
    };

    State(asio::io_context& io, std::filesystem::path socket, Handler on_call)
        : owner(io)
        , path(std::move(socket))
        , handler(std::move(on_call))
        , acceptor(io) {}

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
    asio::awaitable<Result<std::string>> read_line(Connection& connection);
    asio::awaitable<void> answer(std::shared_ptr<Connection> connection, std::string const& line);
    void send(std::shared_ptr<Connection> const& connection, std::string_view line);
    asio::awaitable<void> write_loop(std::shared_ptr<Connection> connection);

    asio::io_context& owner;
    std::filesystem::path path;
    Handler handler;
    Local::acceptor acceptor;
    std::set<std::shared_ptr<Connection>> connections;
    bool stopped = false;
};

namespace {

/// Only this user's programs and root may command the node.
bool peer_is_allowed(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

Result<std::unique_ptr<LocalApiServer>> LocalApiServer::start(asio::io_context& owner,
                                                              std::filesystem::path const& socket,
                                                              Handler handler) {
    if (LocalApiClient::connect(socket)) {
        return fail(Fault::refused, "a node of this home runs already");
    }
    std::error_code ignored;
    std::filesystem::create_directories(socket.parent_path(), ignored);
    ::chmod(socket.parent_path().c_str(), 0700);
    ::unlink(socket.c_str());
    auto state = std::make_shared<State>(owner, socket, std::move(handler));
    boost::system::error_code failed;
    state->acceptor.open(Local(), failed);
    mode_t const mask = ::umask(0177);
    if (!failed) state->acceptor.bind(Local::endpoint(socket.string()), failed);
    ::umask(mask);
    if (!failed) state->acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return fail(Fault::io, socket.string() + ": " + failed.message());
    asio::co_spawn(
        owner, [state] { return state->accept_loop(); }, asio::detached);
    return std::unique_ptr<LocalApiServer>(new LocalApiServer(std::move(state)));
}

LocalApiServer::LocalApiServer(std::shared_ptr<State> state)
    : state_(std::move(state)) {}

LocalApiServer::~LocalApiServer() {
    stop();
}

void LocalApiServer::stop() {
    if (state_->stopped) return;
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    ::unlink(state_->path.c_str());
    for (auto const& connection : state_->connections)
        connection->socket.close(ignored);
}

asio::awaitable<void> LocalApiServer::State::accept_loop() {
    auto const self = shared_from_this();
    while (!stopped) {
        boost::system::error_code failed;
        Local::socket socket(owner);
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
        if (stopped) co_return;
        if (failed) {
            // Out of descriptors, most likely: others will be closed meanwhile.
            asio::steady_timer pause(owner, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
            continue;
        }
        if (!peer_is_allowed(socket.native_handle())) continue;
        auto connection = std::make_shared<Connection>(std::move(socket));
        connections.insert(connection);
        asio::co_spawn(
            owner, [self, connection] { return self->serve(connection); }, asio::detached);
    }
}

asio::awaitable<Result<std::string>> LocalApiServer::State::read_line(Connection& connection) {
    for (;;) {
        if (auto const end = connection.text.find('\n'); end != std::string::npos) {
            std::string line = connection.text.substr(0, end);
            connection.text.erase(0, end + 1);
            co_return line;
        }
        if (connection.text.size() > local_request_bytes) {
            co_return fail(Fault::too_large, "the request is too long");
        }
        boost::system::error_code failed;
        co_await connection.socket.async_wait(Local::socket::wait_read,
                                              asio::redirect_error(asio::use_awaitable, failed));
        if (failed) co_return fail(Fault::unavailable, failed.message());
        auto const more = receive_with_files(connection.socket.native_handle(), connection.text,
                                             connection.files);
        if (!more) co_return fail(more.error());
        if (!*more) co_return fail(Fault::unavailable, "closed");
        if (connection.files.size() > local_files_max) {
            co_return fail(Fault::too_large, "too many files");
        }
    }
}

asio::awaitable<void> LocalApiServer::State::serve(std::shared_ptr<Connection> connection) {
    auto const self = shared_from_this();
    while (!stopped) {
        auto const line = co_await read_line(*connection);
        if (!line) break;
        co_await answer(connection, *line);
    }
    boost::system::error_code ignored;
    if (!connection->writing) connection->socket.close(ignored);
    connections.erase(connection);
}

asio::awaitable<void> LocalApiServer::State::answer(std::shared_ptr<Connection> connection,
                                                    std::string const& line) {
    auto request = decode_request(line);
    if (!request) {
        send(connection, encode_error(request.error()));
        co_return;
    }
    LocalCall call{.request = std::move(*request),
                   .files = std::move(connection->files),
                   .progress = [this, connection](Json const& progress) {
                       send(connection, encode_progress(progress));
                   }};
    connection->files.clear();
    auto const result = co_await handler(call);
    send(connection, result ? encode_result(*result) : encode_error(result.error()));
}

void LocalApiServer::State::send(std::shared_ptr<Connection> const& connection,
                                 std::string_view line) {
    if (stopped) return;
    connection->outgoing += line;
    if (connection->writing) return;
    connection->writing = true;
    asio::co_spawn(
        owner, [self = shared_from_this(), connection] { return self->write_loop(connection); },
        asio::detached);
}

asio::awaitable<void> LocalApiServer::State::write_loop(std::shared_ptr<Connection> connection) {
    auto const self = shared_from_this();
    boost::system::error_code failed;
    while (!failed && !connection->outgoing.empty()) {
        std::string const now = std::exchange(connection->outgoing, {});
        co_await asio::async_write(connection->socket, asio::buffer(now),
                                   asio::redirect_error(asio::use_awaitable, failed));
    }
    connection->writing = false;
    if (!connections.contains(connection)) connection->socket.close(failed);
}

}  // namespace satchel::node
