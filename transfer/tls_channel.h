// One TLS connection: heads read whole and bounded, bodies moved in big pieces, every wait with a
// deadline. Lives on the owner's thread; one reader and one writer at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "transfer/socket_deadline.h"
#include "transfer/tls_pinned.h"
#include "transfer/tls_socket.h"

namespace satchel::transfer {

class TlsChannel {
public:
    TlsChannel(asio::ip::tcp::socket socket, asio::ssl::context& context);

    /// As a listener, with whoever calls.
    asio::awaitable<Status> accept_handshake(std::chrono::milliseconds patience);

    /// As a dialler. Fault::untrusted: another key answered, and got nothing from us.
    asio::awaitable<Status> dial_handshake(NodeKey expected, std::chrono::milliseconds patience);

    /// Of the first thing that the other side says, which stays unread. The deadline is the
    /// caller's.
    asio::awaitable<Result<Byte>> first_byte();

    /// Fills `out` with what comes outside TLS. The deadline is the caller's.
    asio::awaitable<Status> read_untouched(std::span<Byte> out);

    /// The connection as it is, where TLS has not begun; the channel is closed then.
    asio::ip::tcp::socket release() { return std::move(tls_.socket()); }

    NodeKey const& peer() const { return peer_; }

    asio::any_io_executor executor() { return tls_.socket().get_executor(); }

    /// What a device signs.
    Result<TlsExporter> device_exporter() {
        return exporter_of(tls_.native(), "EXPORTER-satchel-device-v1");
    }

    /// A head with its empty line. "" where the other side hung up between messages. `idle` is for
    /// its first byte, `whole` for the rest. Fault::too_large, Fault::timed_out,
    /// Fault::unavailable.
    asio::awaitable<Result<std::string>> read_head(std::chrono::milliseconds idle,
                                                   std::chrono::milliseconds whole);

    /// As above; the deadline is the caller's.
    asio::awaitable<Result<std::string>> read_head();

    /// Fills `out`. The deadline is the caller's.
    asio::awaitable<Status> read_exactly(std::span<Byte> out);

    /// As above. `count`: of what came, also where it is not all.
    asio::awaitable<Status> read_exactly(std::span<Byte> out, std::size_t& count);

    asio::awaitable<Status> write(ByteSpan bytes);

    /// As the two above, with octets of a body that goes beside TLS: body_mask.h. Both sides have
    /// to know from a head that it does. Fault::corrupt: something came inside TLS in its place.
    /// `gathered`: as of TlsSocket.
    asio::awaitable<Status> read_masked(std::span<Byte> out, std::size_t& count,
                                        std::size_t gathered = 1);
    asio::awaitable<Status> write_masked(ByteSpan bytes);

    /// Reads and drops whatever comes, up to the end of the stream. Nothing can be read after it.
    /// The deadline is the caller's.
    asio::awaitable<void> drop_the_rest();

    SocketDeadline& deadline() { return deadline_; }

    /// From now on, instead of a deadline: what comes must come at this pace.
    void expect(Pace const& pace) { deadline_.expires_unless(tls_.received(), pace); }

    bool is_open() const { return tls_.is_open(); }

    /// No byte is waiting and the other side has not hung up: an idle connection that can be used.
    bool is_quiet();

    void close();

    /// No more from us: the other side reads what was sent, then an end.
    void end_sending();

private:
    Error error_of(boost::system::error_code error, char const* doing) const;
    asio::awaitable<Result<std::string>> read_head_within(
        std::optional<std::chrono::milliseconds> whole);
    std::size_t take_buffered(std::span<Byte> out);

    TlsSocket tls_;
    KeyCheck check_;
    SocketDeadline deadline_;
    NodeKey peer_;
    /// Of heads, and of the first bytes of bodies. Of an idle connection only one page is touched.
    std::unique_ptr<Byte[]> buffer_;
    std::size_t begin_ = 0;  ///< first unread byte
    std::size_t end_ = 0;    ///< after the last
};

}  // namespace satchel::transfer
