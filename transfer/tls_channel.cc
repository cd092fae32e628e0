#include "transfer/tls_channel.h"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "transfer/control_limits.h"
#include "transfer/http_head.h"

namespace satchel::transfer {

using boost::system::error_code;

namespace {

constexpr std::size_t buffer_bytes = 2 * control_limits::head_bytes;

/// A network that is gone is noticed in half a minute: by who sends as nothing is acknowledged, by
/// who waits as the other side's machine does not answer. Left to itself, TCP tries again after up
/// to two minutes, also where the network is back after one.
void notice_silence(int socket) {
    struct Option {
        int name;
        int value;
    };

    static constexpr int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    for (Option const option : {Option{TCP_KEEPIDLE, 10}, Option{TCP_KEEPINTVL, 5},
                                Option{TCP_KEEPCNT, 4}, Option{TCP_USER_TIMEOUT, 30'000}}) {
        ::setsockopt(socket, IPPROTO_TCP, option.name, &option.value, sizeof option.value);
    }
}

}  // namespace

TlsChannel::TlsChannel(asio::ip::tcp::socket socket, asio::ssl::context& context)
    : tls_(std::move(socket), context)
    , deadline_(tls_.socket())
    , buffer_(std::make_unique_for_overwrite<Byte[]>(buffer_bytes)) {
    error_code ignored;
    tls_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    notice_silence(tls_.socket().native_handle());
}

Error TlsChannel::error_of(error_code error, char const* doing) const {
    if (deadline_.expired()) return {Fault::timed_out, std::string(doing) + ": no answer in time"};
    return {Fault::unavailable, std::string(doing) + ": " + error.message()};
}

asio::awaitable<Result<Byte>> TlsChannel::first_byte() {
    error_code error;
    Byte first = 0;
    co_await tls_.socket().async_receive(asio::buffer(&first, 1), asio::socket_base::message_peek,
                                         asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return fail(error_of(error, "first word"));
    co_return first;
}

asio::awaitable<Status> TlsChannel::read_untouched(std::span<Byte> out) {
    error_code error;
    co_await asio::async_read(tls_.socket(), asio::buffer(out.data(), out.size()),
                              asio::redirect_error(asio::use_awaitable, error));
    co_return error ? Status(fail(error_of(error, "greeting"))) : Status();
}

asio::awaitable<Status> TlsChannel::accept_handshake(std::chrono::milliseconds patience) {
    check_keys(tls_.native(), check_);
    deadline_.expires_after(patience);
    error_code const error = co_await tls_.accept();
    if (error) co_return fail(error_of(error, "TLS handshake"));
    auto const key = peer_key(tls_.native());
    if (!key) co_return fail(Fault::untrusted, "the caller shows no Ed25519 key");
    peer_ = *key;
    deadline_.suspend();
    co_return Status();
}

asio::awaitable<Status> TlsChannel::dial_handshake(NodeKey expected,
                                                   std::chrono::milliseconds patience) {
    check_.expected = expected;
    check_keys(tls_.native(), check_);
    deadline_.expires_after(patience);
    error_code const error = co_await tls_.connect();
    if (check_.saw_other) co_return fail(Fault::untrusted, "another key answered");
    if (error) co_return fail(error_of(error, "TLS handshake"));
    peer_ = expected;
    deadline_.suspend();
    co_return Status();
}

asio::awaitable<Result<std::string>> TlsChannel::read_head(std::chrono::milliseconds idle,
                                                           std::chrono::milliseconds whole) {
    deadline_.expires_after(begin_ < end_ ? whole : idle);
    Result<std::string> head = co_await read_head_within(whole);
    deadline_.suspend();
    co_return head;
}

asio::awaitable<Result<std::string>> TlsChannel::read_head() {
    co_return co_await read_head_within(std::nullopt);
}

asio::awaitable<Result<std::string>> TlsChannel::read_head_within(
    std::optional<std::chrono::milliseconds> whole) {
    std::size_t searched = 0;
    bool begun = begin_ < end_;
    for (;;) {
        auto const unread = text_of(ByteSpan(buffer_.get() + begin_, end_ - begin_));
        if (std::size_t const length = head_length(unread, searched); length > 0) {
            if (length > control_limits::head_bytes) {
                co_return fail(Fault::too_large, "the head is too long");
            }
            std::string head(unread.substr(0, length));
            begin_ += length;
            co_return head;
        }
        searched = unread.size();
        if (searched >= control_limits::head_bytes) {
            co_return fail(Fault::too_large, "the head is too long");
        }
        std::copy(unread.begin(), unread.end(), buffer_.get());
        begin_ = 0;
        end_ = searched;
        std::size_t more = 0;
        auto const room = std::span(buffer_.get() + end_, buffer_bytes - end_);
        error_code const error = co_await tls_.read_some(room, more);
        if (error) {
            if (searched == 0 && !deadline_.expired()) co_return std::string();
            co_return fail(error_of(error, "waiting for the other node"));
        }
        end_ += more;
        if (!begun && whole) deadline_.expires_after(*whole);
        begun = true;
    }
}

std::size_t TlsChannel::take_buffered(std::span<Byte> out) {
    std::size_t const taken = std::min(out.size(), end_ - begin_);
    std::copy_n(buffer_.get() + begin_, taken, out.begin());
    begin_ += taken;
    return taken;
}

asio::awaitable<Status> TlsChannel::read_exactly(std::span<Byte> out) {
    std::size_t count = 0;
    co_return co_await read_exactly(out, count);
}

asio::awaitable<Status> TlsChannel::read_exactly(std::span<Byte> out, std::size_t& count) {
    count = take_buffered(out);
    if (count == out.size()) co_return Status();
    std::size_t more = 0;
    error_code const error = co_await tls_.read_exactly(out.subspan(count), more);
    count += more;
    if (error) co_return fail(error_of(error, "receiving"));
    co_return Status();
}

asio::awaitable<Status> TlsChannel::write(ByteSpan bytes) {
    error_code const error = co_await tls_.write(bytes);
    if (error) co_return fail(error_of(error, "sending"));
    co_return Status();
}

asio::awaitable<Status> TlsChannel::read_masked(std::span<Byte> out, std::size_t& count,
                                                std::size_t gathered) {
    count = 0;
    if (begin_ < end_) co_return fail(Fault::corrupt, "a body began inside TLS and went on beside");
    error_code const error = co_await tls_.read_masked(out, count, gathered);
    if (error) co_return fail(error_of(error, "receiving"));
    co_return Status();
}

asio::awaitable<Status> TlsChannel::write_masked(ByteSpan bytes) {
    error_code const error = co_await tls_.write_masked(bytes);
    if (error) co_return fail(error_of(error, "sending"));
    co_return Status();
}

asio::awaitable<void> TlsChannel::drop_the_rest() {
    error_code error;
    while (!error)
        co_await tls_.socket().async_read_some(asio::buffer(buffer_.get(), buffer_bytes),
                                               asio::redirect_error(asio::use_awaitable, error));
}

bool TlsChannel::is_quiet() {
    if (begin_ < end_ || tls_.has_pending() || !tls_.socket().is_open()) return false;
    Byte peeked = 0;
    auto const got = ::recv(tls_.socket().native_handle(), &peeked, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && errno == EAGAIN;
}

void TlsChannel::close() {
    error_code ignored;
    tls_.socket().close(ignored);
}

void TlsChannel::end_sending() {
    error_code ignored;
    tls_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace satchel::transfer
