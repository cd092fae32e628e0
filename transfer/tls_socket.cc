#include "transfer/tls_socket.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

namespace satchel::transfer {

namespace {

using ErrorCode = boost::system::error_code;

constexpr std::size_t read_ahead_bytes = 32 * 1024;
constexpr std::size_t slice_bytes = 64 * 1024;  ///< encrypted, then sent, at once
constexpr std::size_t sealed_slice_bytes = slice_bytes + 1024;
constexpr std::size_t turn_bytes = 512 * 1024;  ///< at most before others get their turn

/// All of it, and in one call where the socket takes so much: left to itself Asio hands over 64 KiB
/// at a time, and what TLS adds to a slice would go by a call of its own.
std::size_t whole_slice(boost::system::error_code const& error, std::size_t) {
    return error ? 0 : 2 * slice_bytes;
}

}  // namespace

/// How OpenSSL reads from the socket, and where what it writes is gathered.
struct TlsSocket::BioCalls {
    static TlsSocket& of(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, int room) {
        BIO_clear_retry_flags(bio);
        TlsSocket& self = of(bio);
        if (self.ahead_begin_ == self.ahead_end_) {
            if (!self.ahead_)
                self.ahead_ = std::make_unique_for_overwrite<Byte[]>(read_ahead_bytes);
            auto const got = self.receive(std::span(self.ahead_.get(), read_ahead_bytes));
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
            if (got <= 0) return static_cast<int>(got);
            self.ahead_begin_ = 0;
            self.ahead_end_ = static_cast<std::size_t>(got);
        }
        auto const wanted =
            std::span(reinterpret_cast<Byte*>(into), static_cast<std::size_t>(room));
        return static_cast<int>(self.take_ahead(wanted));
    }

    static int write(BIO* bio, char const* from, int size) {
        append(of(bio).out_, bytes_of(std::string_view(from, static_cast<std::size_t>(size))));
        return size;
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH; }

    static BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* const fresh =
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "satchel socket");
            if (fresh == nullptr || BIO_meth_set_read(fresh, read) != 1 ||
                BIO_meth_set_write(fresh, write) != 1 || BIO_meth_set_ctrl(fresh, control) != 1) {
                throw std::bad_alloc();
            }
            return fresh;
        }();
        return made;
    }
};

void TlsSocket::Free::operator()(SSL* ssl) const {
    SSL_free(ssl);
}

TlsSocket::TlsSocket(asio::ip::tcp::socket socket, asio::ssl::context& context)
    : socket_(std::move(socket))
    , ssl_(SSL_new(context.native_handle())) {
    BIO* const bio = ssl_ ? BIO_new(BioCalls::method()) : nullptr;
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_read_ahead(ssl_.get(), 0);
}

TlsSocket::~TlsSocket() = default;

bool TlsSocket::has_pending() const {
    return ahead_begin_ < ahead_end_ || SSL_has_pending(ssl_.get()) == 1;
}

ssize_t TlsSocket::receive(std::span<Byte> out) {
    // Not by a number kept from before: a closed socket's may be another one's by now.
    auto const got = ::recv(socket_.native_handle(), out.data(), out.size(), MSG_DONTWAIT);
    if (got > 0) received_ += static_cast<std::uint64_t>(got);
    return got;
}

std::size_t TlsSocket::take_ahead(std::span<Byte> out) {
    std::size_t const taken = std::min(out.size(), ahead_end_ - ahead_begin_);
    std::copy_n(ahead_.get() + ahead_begin_, taken, out.begin());
    ahead_begin_ += taken;
    return taken;
}

asio::awaitable<ErrorCode> TlsSocket::wait_readable() {
    since_suspension_ = 0;
    // A thousand connections may wait.
    if (ahead_begin_ == ahead_end_) {
        ahead_.reset();
        ahead_begin_ = ahead_end_ = 0;
    }
    ErrorCode error;
    co_await socket_.async_wait(asio::ip::tcp::socket::wait_read,
                                asio::redirect_error(asio::use_awaitable, error));
    co_return error;
}

asio::awaitable<ErrorCode> TlsSocket::flush() {
    ErrorCode error;
    if (out_.empty()) co_return error;
    std::swap(out_, sending_);
    auto const all = asio::buffer(sending_.data(), sending_.size());
    co_await asio::async_write(socket_, all, whole_slice,
                               asio::redirect_error(asio::use_awaitable, error));
    sending_.clear();
    co_return error;
}

ErrorCode TlsSocket::error_after(int result) {
    int const reason = SSL_get_error(ssl_.get(), result);
    if (reason == SSL_ERROR_WANT_READ) return asio::error::would_block;
    if (reason == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
    if (reason == SSL_ERROR_SYSCALL) {
        if (errno != 0) return {errno, asio::error::get_system_category()};
        return asio::error::eof;
    }
    auto const code = ERR_get_error();
    // Hanging up without TLS's goodbye is an end like another: all that counts has a length.
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return asio::error::eof;
    return {static_cast<int>(code), asio::error::get_ssl_category()};
}

asio::awaitable<ErrorCode> TlsSocket::accept() {
    SSL_set_accept_state(ssl_.get());
    co_return co_await shake();
}

asio::awaitable<ErrorCode> TlsSocket::connect() {
    SSL_set_connect_state(ssl_.get());
    co_return co_await shake();
}

asio::awaitable<ErrorCode> TlsSocket::shake() {
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int const result = SSL_do_handshake(ssl_.get());
        ErrorCode const error = result == 1 ? ErrorCode() : error_after(result);
        ErrorCode const sent = co_await flush();
        if (error != asio::error::would_block) co_return error ? error : sent;
        if (sent) co_return sent;
        ErrorCode const waited = co_await wait_readable();
        if (waited) co_return waited;
    }
}

ErrorCode TlsSocket::take(std::span<Byte> out, std::size_t& count) {
    ERR_clear_error();
    errno = 0;
    int const result = SSL_read_ex(ssl_.get(), out.data(), out.size(), &count);
    if (result == 1) {
        since_suspension_ += count;
        return {};
    }
    count = 0;
    return error_after(result);
}

ErrorCode TlsSocket::take_masked(std::span<Byte> out, std::size_t& count) {
    count = take_ahead(out);
    if (count == 0) {
        auto const got = receive(out);
        if (got == 0) return asio::error::eof;
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return asio::error::would_block;
        if (got < 0) return {errno, asio::error::get_system_category()};
        count = static_cast<std::size_t>(got);
    }
    since_suspension_ += count;
    if (!received_mask_) {
        auto mask = BodyMask::of_received(ssl_.get());
        if (!mask) return asio::error::no_protocol_option;
        received_mask_ = std::move(*mask);
    }
    auto const came = out.first(count);
    return received_mask_->apply(came, came) ? ErrorCode() : asio::error::no_protocol_option;
}

asio::awaitable<void> TlsSocket::let_others_run() {
    if (since_suspension_ < turn_bytes) co_return;
    since_suspension_ = 0;
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);
}

void TlsSocket::wake_at(std::size_t bytes) {
    if (bytes == woken_at_) return;
    woken_at_ = bytes;
    asio::socket_base::receive_low_watermark const option(static_cast<int>(bytes));
    ErrorCode ignored;  // it wakes us as before, then
    socket_.set_option(option, ignored);
}

asio::awaitable<ErrorCode> TlsSocket::read_masked(std::span<Byte> out, std::size_t& count,
                                                  std::size_t gathered) {
    count = 0;
    co_await let_others_run();
    while (count < out.size()) {
        if (!socket_.is_open()) co_return asio::error::operation_aborted;
        std::size_t more = 0;
        ErrorCode error = take_masked(out.subspan(count), more);
        if (error == asio::error::would_block) {
            wake_at(std::min(gathered, out.size() - count));
            error = co_await wait_readable();
        }
        if (error) co_return error;
        count += more;
    }
    wake_at(1);
    co_return ErrorCode();
}

asio::awaitable<ErrorCode> TlsSocket::read_some(std::span<Byte> out, std::size_t& count) {
    co_await let_others_run();
    for (;;) {
        if (!socket_.is_open()) co_return asio::error::operation_aborted;
        ErrorCode const error = take(out, count);
        if (error != asio::error::would_block) co_return error;
        ErrorCode const waited = co_await wait_readable();
        if (waited) co_return waited;
    }
}

asio::awaitable<ErrorCode> TlsSocket::read_exactly(std::span<Byte> out, std::size_t& count) {
    count = 0;
    while (count < out.size()) {
        auto const rest = out.subspan(count);
        std::size_t more = 0;
        ErrorCode error = take(rest, more);
        // Only where nothing has come is there something to wait for.
        if (error == asio::error::would_block) error = co_await read_some(rest, more);
        if (error) co_return error;
        count += more;
    }
    co_return ErrorCode();
}

asio::awaitable<ErrorCode> TlsSocket::write(ByteSpan bytes) {
    while (!bytes.empty()) {
        if (!socket_.is_open()) co_return asio::error::operation_aborted;
        auto const slice = bytes.first(std::min(bytes.size(), slice_bytes));
        bytes = bytes.subspan(slice.size());
        // Left to double, it would take twice the memory, on each of many connections.
        if (slice.size() == slice_bytes) out_.reserve(sealed_slice_bytes);
        ERR_clear_error();
        errno = 0;
        std::size_t written = 0;
        int const result = SSL_write_ex(ssl_.get(), slice.data(), slice.size(), &written);
        if (result != 1) co_return error_after(result);
        ErrorCode const error = co_await flush();
        if (error) co_return error;
    }
    co_return ErrorCode();
}

asio::awaitable<ErrorCode> TlsSocket::write_masked(ByteSpan bytes) {
    if (!sent_mask_) {
        auto mask = BodyMask::of_sent(ssl_.get());
        if (!mask) co_return asio::error::no_protocol_option;
        sent_mask_ = std::move(*mask);
    }
    ErrorCode error;
    sending_.resize(std::min(bytes.size(), slice_bytes));
    while (!bytes.empty() && !error) {
        auto const slice = bytes.first(std::min(bytes.size(), slice_bytes));
        bytes = bytes.subspan(slice.size());
        auto const masked = std::span(sending_).first(slice.size());
        if (!sent_mask_->apply(slice, masked)) error = asio::error::no_protocol_option;
        if (!error) error = co_await send_all(masked);
    }
    sending_.clear();
    co_return error;
}

/// Without a turn of the event loop for each slice, as long as the socket takes them.
asio::awaitable<ErrorCode> TlsSocket::send_all(ByteSpan bytes) {
    co_await let_others_run();
    while (!bytes.empty()) {
        if (!socket_.is_open()) co_return asio::error::operation_aborted;
        auto const sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(),
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
            since_suspension_ += static_cast<std::size_t>(sent);
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            co_return ErrorCode(errno, asio::error::get_system_category());
        since_suspension_ = 0;
        ErrorCode error;
        co_await socket_.async_wait(asio::ip::tcp::socket::wait_write,
                                    asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return error;
    }
    co_return ErrorCode();
}

}  // namespace satchel::transfer
