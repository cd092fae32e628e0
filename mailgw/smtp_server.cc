#include "mailgw/smtp_server.h"

#include <set>
#include <thread>

#include "mailgw/smtp_connection.h"
#include "src/base/asio.h"
#include "src/base/worker_pool.h"

namespace satchel::mailgw {

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr auto stop_patience = 2s;
constexpr auto accept_pause = 100ms;  // after an error, such as too many open files

}  // namespace

class SmtpServer::Shell {
public:
    Shell(SmtpServerSettings const& settings, SessionSettings session_settings, Spool& spool,
          Clock const& clock, EventLog const& log, std::function<void()> on_message,
          EarlyDigests* early)
        : acceptor_(context_)
        , stop_timer_(context_)
        , disk_(context_, settings.disk_threads)
        , around_{settings, spool, clock, log, disk_, std::move(on_message), early}
        , session_settings_(std::move(session_settings)) {}

    ~Shell() { stop(); }

    Status listen();
    void run();
    void stop();

    std::uint16_t port() const { return port_; }

private:
    asio::awaitable<void> accept_all();
    asio::awaitable<void> serve(std::shared_ptr<SmtpConnection> connection);

    asio::io_context context_{1};
    tcp::acceptor acceptor_;
    asio::steady_timer stop_timer_;
    WorkerPool disk_;
    SmtpSurroundings around_;
    SessionSettings session_settings_;
    std::set<std::shared_ptr<SmtpConnection>> connections_;
    bool stopping_ = false;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

Status SmtpServer::Shell::listen() {
    Endpoint const& listen = around_.settings.listen;
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(listen.ip, failed);
    if (failed) return fail(Fault::config, "listen: " + listen.ip + " is no IP address");
    tcp::endpoint const endpoint(address, listen.port);
    acceptor_.open(endpoint.protocol(), failed);
    if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(1024, failed);
    if (failed) {
        return fail(Fault::unavailable,
                    "can't listen for mail on " + listen.to_string() + ": " + failed.message());
    }
    port_ = acceptor_.local_endpoint(failed).port();
    return {};
}

void SmtpServer::Shell::run() {
    asio::co_spawn(context_, accept_all(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
}

asio::awaitable<void> SmtpServer::Shell::accept_all() {
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    asio::steady_timer pause(context_);
    while (!stopping_) {
        tcp::socket socket = co_await acceptor_.async_accept(token);
        if (stopping_) break;
        if (failed) {
            around_.log.warning("accept_failed", {{"reason", failed.message()}});
            pause.expires_after(accept_pause);
            co_await pause.async_wait(token);
            continue;
        }
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto const limit = around_.settings.sessions_max;
        if (connections_.size() >= 2 * limit) continue;  // not even worth a reply
        auto settings = session_settings_();
        auto connection =
            std::make_shared<SmtpConnection>(std::move(socket), around_, std::move(settings));
        if (connections_.size() >= limit) connection->turn_away();
        connections_.insert(connection);
        asio::co_spawn(context_, serve(std::move(connection)), asio::detached);
    }
}

asio::awaitable<void> SmtpServer::Shell::serve(std::shared_ptr<SmtpConnection> connection) {
    co_await connection->serve();
    connections_.erase(connection);
    if (stopping_ && connections_.empty()) stop_timer_.cancel();
}

void SmtpServer::Shell::stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
        stopping_ = true;
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        for (auto const& connection : connections_)
            connection->shut_down();
        if (connections_.empty()) return;
        stop_timer_.expires_after(stop_patience);
        stop_timer_.async_wait([this](boost::system::error_code cancelled) {
            if (!cancelled) context_.stop();
        });
    });
    thread_.join();
}

SmtpServer::SmtpServer(std::unique_ptr<Shell> shell)
    : shell_(std::move(shell)) {}

SmtpServer::~SmtpServer() = default;

Result<std::unique_ptr<SmtpServer>> SmtpServer::start(SmtpServerSettings const& settings,
                                                      SessionSettings session_settings,
                                                      Spool& spool, Clock const& clock,
                                                      EventLog const& log,
                                                      std::function<void()> on_message,
                                                      EarlyDigests* early) {
    auto shell = std::make_unique<Shell>(settings, std::move(session_settings), spool, clock, log,
                                         std::move(on_message), early);
    if (auto listening = shell->listen(); !listening) return fail(listening.error());
    shell->run();
    return std::unique_ptr<SmtpServer>(new SmtpServer(std::move(shell)));
}

std::uint16_t SmtpServer::port() const {
    return shell_->port();
}

void SmtpServer::stop() {
    shell_->stop();
}

}  // namespace satchel::mailgw
