// OpenSSL straight on a non-blocking socket: many records for each call of the system, and no copy
// between. Asio's own stream passes each record of 16 KiB through a pair of buffers and the event
// loop, which cost more here than all cryptography. What need not be authenticated can go between
// the records, masked alone. Owner's thread; one reader and one writer.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "src/base/asio_ssl.h"
#include "src/base/bytes.h"
#include "transfer/body_mask.h"
#include "transfer/tls_pinned.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is OpenSSL's.
using BIO = struct bio_st;

namespace satchel::transfer {

class TlsSocket {
public:
    using ErrorCode = boost::system::error_code;

    TlsSocket(asio::ip::tcp::socket socket, asio::ssl::context& context);
    TlsSocket(TlsSocket const&) = delete;
    TlsSocket& operator=(TlsSocket const&) = delete;
    ~TlsSocket();

    asio::ip::tcp::socket& socket() { return socket_; }

    bool is_open() const { return socket_.is_open(); }

    SSL* native() { return ssl_.get(); }

    /// The alert of one that fails goes out too.
    asio::awaitable<ErrorCode> accept();
    asio::awaitable<ErrorCode> connect();

    /// At least one byte, and as much as has come; asio::error::eof at the end of the stream.
    asio::awaitable<ErrorCode> read_some(std::span<Byte> out, std::size_t& count);

    /// `count`: of what came, also where it is not all.
    asio::awaitable<ErrorCode> read_exactly(std::span<Byte> out, std::size_t& count);

    asio::awaitable<ErrorCode> write(ByteSpan bytes);

    /// The same beside TLS. All records written before were read before, and none comes between.
    /// So many bytes may be `gathered` by the system before it wakes us (socket(7), SO_RCVLOWAT):
    /// then what came before the end of the stream counts, but not what came before a deadline.
    asio::awaitable<ErrorCode> read_masked(std::span<Byte> out, std::size_t& count,
                                           std::size_t gathered = 1);
    asio::awaitable<ErrorCode> write_masked(ByteSpan bytes);

    /// Bytes that came from the network, as they were there. It counts on.
    std::uint64_t const& received() const { return received_; }

    /// Came from the network, and is not read.
    bool has_pending() const;

private:
    struct Free {
        void operator()(SSL* ssl) const;
    };

    struct BioCalls;

    asio::awaitable<ErrorCode> shake();
    void wake_at(std::size_t bytes);
    asio::awaitable<ErrorCode> wait_readable();
    asio::awaitable<ErrorCode> flush();
    asio::awaitable<void> let_others_run();
    asio::awaitable<ErrorCode> send_all(ByteSpan bytes);
    /// What comes without waiting; would_block where that is nothing.
    ErrorCode take(std::span<Byte> out, std::size_t& count);
    ErrorCode take_masked(std::span<Byte> out, std::size_t& count);
    /// From the network, as recv(2) does.
    ssize_t receive(std::span<Byte> out);
    std::size_t take_ahead(std::span<Byte> out);
    ErrorCode error_after(int result);

    asio::ip::tcp::socket socket_;
    std::unique_ptr<SSL, Free> ssl_;
    std::optional<BodyMask> sent_mask_;
    std::optional<BodyMask> received_mask_;
    /// Came from the network and is unread: OpenSSL is given no more than it asks for, so that what
    /// lies behind a record can be taken from here. None while there is nothing.
    std::unique_ptr<Byte[]> ahead_;
    std::size_t ahead_begin_ = 0;
    std::size_t ahead_end_ = 0;
    Bytes out_;      ///< encrypted, to be sent
    Bytes sending_;  ///< encrypted, in the hands of the system
    std::uint64_t received_ = 0;
    std::size_t woken_at_ = 1;          ///< bytes that have come
    std::size_t since_suspension_ = 0;  ///< bytes moved without letting others run
};

}  // namespace satchel::transfer
