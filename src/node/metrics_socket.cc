#include "src/node/metrics_socket.h"

#include <array>
#include <chrono>

#include "src/node/metrics_request.h"
#include "src/node/prometheus_text.h"
#include "transfer/socket_deadline.h"

namespace satchel::node {

namespace {

using asio::ip::tcp;

constexpr std::size_t connections_at_once = 8;
constexpr std::size_t head_bytes = 8 * 1024;
constexpr auto patience = std::chrono::seconds(10);
// Where no descriptor is left, accepting fails at once, again and again.
constexpr auto pause_after_failure = std::chrono::seconds(1);

std::string answer(char const* status, std::string const& body) {
    return std::string("HTTP/1.1 ") + status + "\r\nContent-Type: " + prometheus_content_type +
           "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" + body;
}

std::string refusal_for(MetricsVerdict verdict) {
    switch (verdict) {
        case MetricsVerdict::not_here:
            return answer("404 Not Found", "only /metrics is here\n");
        case MetricsVerdict::no_method:
            return answer("405 Method Not Allowed", "only GET is taken\n");
        case MetricsVerdict::wrong_host:
            return answer("403 Forbidden", "ask by a loopback address\n");
        case MetricsVerdict::nonsense:
        case MetricsVerdict::show:
            break;
    }
    return answer("400 Bad Request", "");
}

}  // namespace

struct MetricsSocket::State : std::enable_shared_from_this<State> {
    State(asio::io_context& io, Text text_of)
        : owner(io)
        , acceptor(io)
        , pause(io)
        , text(std::move(text_of)) {}

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> serve(std::shared_ptr<tcp::socket> socket);

    asio::io_context& owner;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    Text text;
    std::size_t connections = 0;
    bool stopped = false;
};

asio::awaitable<void> MetricsSocket::State::accept_loop() {
    auto const self = shared_from_this();
    boost::system::error_code failed;
    while (!stopped) {
        auto const socket = std::make_shared<tcp::socket>(owner);
        co_await acceptor.async_accept(*socket, asio::redirect_error(asio::use_awaitable, failed));
        if (stopped) co_return;
        if (failed) {
            pause.expires_after(pause_after_failure);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
        } else if (connections < connections_at_once) {
            ++connections;
            asio::co_spawn(
                owner, [self, socket] { return self->serve(socket); }, asio::detached);
        }
    }
}

asio::awaitable<void> MetricsSocket::State::serve(std::shared_ptr<tcp::socket> socket) {
    auto const self = shared_from_this();
    transfer::SocketDeadline deadline(*socket);
    deadline.expires_after(patience);
    std::string head;
    std::array<char, 1024> piece{};
    boost::system::error_code failed;
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < head_bytes && !failed) {
        std::size_t const got = co_await socket->async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, failed));
        head.append(piece.data(), got);
    }
    if (!failed && !stopped) {
        auto const verdict = judge_metrics_request(head);
        std::string said;
        if (verdict == MetricsVerdict::show) {
            std::string const shown = co_await text();
            said = answer("200 OK", shown);
        } else {
            said = refusal_for(verdict);
        }
        co_await asio::async_write(*socket, asio::buffer(said),
                                   asio::redirect_error(asio::use_awaitable, failed));
        socket->shutdown(tcp::socket::shutdown_both, failed);
    }
    --connections;
}

MetricsSocket::MetricsSocket(std::shared_ptr<State> state)
    : state_(std::move(state)) {}

MetricsSocket::~MetricsSocket() {
    stop();
}

Result<std::unique_ptr<MetricsSocket>> MetricsSocket::start(asio::io_context& owner,
                                                            Endpoint const& listen, Text text) {
    auto state = std::make_shared<State>(owner, std::move(text));
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(listen.ip, failed);
    tcp::endpoint const at(address, listen.port);
    if (!failed) state->acceptor.open(at.protocol(), failed);
    if (!failed) state->acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) state->acceptor.bind(at, failed);
    if (!failed) state->acceptor.listen(tcp::acceptor::max_listen_connections, failed);
    if (failed) {
        return fail(Fault::config, "metrics.listen " + listen.to_string() + ": " +
                                       failed.message() + "; choose another port in satchel.toml");
    }
    asio::co_spawn(
        owner, [state] { return state->accept_loop(); }, asio::detached);
    return std::unique_ptr<MetricsSocket>(new MetricsSocket(std::move(state)));
}

Endpoint MetricsSocket::listening() const {
    boost::system::error_code failed;
    auto const at = state_->acceptor.local_endpoint(failed);
    return {at.address().to_string(), at.port()};
}

void MetricsSocket::stop() {
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
}

}  // namespace satchel::node
