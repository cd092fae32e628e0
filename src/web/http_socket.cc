#include "src/web/http_socket.h"

#include <array>

#include "src/web/http_request.h"

namespace satchel::web {

namespace {

constexpr auto linger_patience = std::chrono::seconds(2);
constexpr std::size_t linger_bytes_max = 1024 * 1024;

}  // namespace

struct HttpSocket::Line : std::enable_shared_from_this<HttpSocket::Line> {
    explicit Line(asio::ip::tcp::socket given)
        : socket(std::move(given))
        , timer(socket.get_executor()) {}

    asio::ip::tcp::socket socket;
    asio::steady_timer timer;
    bool expired = false;
};

HttpSocket::HttpSocket(asio::ip::tcp::socket socket)
    : line_(std::make_shared<Line>(std::move(socket))) {
    boost::system::error_code ignored;
    local_ = line_->socket.local_endpoint(ignored);
}

HttpSocket::~HttpSocket() {
    close();
}

void HttpSocket::close() {
    boost::system::error_code ignored;
    line_->timer.cancel();
    line_->socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    line_->socket.close(ignored);
}

asio::awaitable<void> HttpSocket::linger() {
    boost::system::error_code ignored;
    line_->socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    expires_after(linger_patience);
    for (std::size_t read = 0; read < linger_bytes_max;) {
        buffer_.clear();
        auto const more = co_await read_more();
        if (!more || *more == 0) break;
        read += *more;
    }
    close();
}

void HttpSocket::expires_after(std::chrono::milliseconds patience) {
    line_->timer.expires_after(patience);
    line_->timer.async_wait([weak = std::weak_ptr(line_)](boost::system::error_code cancelled) {
        auto const line = weak.lock();
        if (cancelled || !line) return;
        line->expired = true;
        boost::system::error_code ignored;
        line->socket.close(ignored);
    });
}

Error HttpSocket::error_of(boost::system::error_code error) const {
    if (line_->expired) return {Fault::timed_out, "the browser was too slow"};
    return {Fault::unavailable, error.message()};
}

asio::awaitable<Result<std::size_t>> HttpSocket::read_more() {
    std::array<char, 16 * 1024> more{};
    boost::system::error_code failed;
    std::size_t const got = co_await line_->socket.async_read_some(
        asio::buffer(more), asio::redirect_error(asio::use_awaitable, failed));
    if (failed && failed != asio::error::eof) co_return fail(error_of(failed));
    buffer_.append(more.data(), got);
    co_return got;
}

asio::awaitable<Result<std::string>> HttpSocket::read_head(std::chrono::milliseconds patience) {
    expires_after(patience);
    std::size_t searched = 0;
    for (;;) {
        std::size_t const length = transfer::head_length(buffer_, searched);
        if (length > http_head_bytes_max || (length == 0 && buffer_.size() > http_head_bytes_max))
            co_return fail(Fault::too_large, "the head is too long");
        if (length > 0) {
            std::string head = buffer_.substr(0, length);
            buffer_.erase(0, length);
            line_->timer.cancel();
            co_return head;
        }
        searched = buffer_.size();
        auto const more = co_await read_more();
        if (!more) co_return fail(more.error());
        if (*more > 0) continue;
        if (buffer_.empty()) co_return std::string();
        co_return fail(Fault::unavailable, "cut off within a head");
    }
}

asio::awaitable<Result<std::string>> HttpSocket::read_body(std::size_t bytes,
                                                           std::chrono::milliseconds patience) {
    expires_after(patience);
    while (buffer_.size() < bytes) {
        auto const more = co_await read_more();
        if (!more) co_return fail(more.error());
        if (*more == 0) co_return fail(Fault::unavailable, "cut off within a body");
    }
    line_->timer.cancel();
    std::string body = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    co_return body;
}

asio::awaitable<Status> HttpSocket::write(std::string_view bytes,
                                          std::chrono::milliseconds patience) {
    expires_after(patience);
    boost::system::error_code failed;
    co_await asio::async_write(line_->socket, asio::buffer(bytes.data(), bytes.size()),
                               asio::redirect_error(asio::use_awaitable, failed));
    line_->timer.cancel();
    if (failed) co_return fail(error_of(failed));
    co_return Status();
}

}  // namespace satchel::web
