// TLS 1.2 or later to a mail server whose certificate must be vouched for and bear its name. Sits
// between a HopSocket and who speaks over it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "mailgw/hop_socket.h"
#include "src/base/bytes.h"
#include "src/base/result.h"

struct ssl_st;

namespace satchel::mailgw {

/// Who must be at the other end.
struct TlsPeer {
    std::string host;     ///< name, or IP address
    std::string ca_file;  ///< PEM; "" for the CAs of the system
};

/// One thread. The socket is the one it was connected with, in all calls.
class TlsStream {
public:
    /// The whole handshake. Fault::config where the CA file can't be used, Fault::untrusted for a
    /// certificate that won't do, Fault::corrupt for what is no TLS; else as HopSocket.
    static Result<TlsStream> connect(HopSocket& socket, TlsPeer const& peer,
                                     HopSocket::Deadline deadline);

    Status send(HopSocket& socket, ByteSpan bytes, HopSocket::Deadline deadline);

    /// As HopSocket::receive().
    Result<std::size_t> receive(HopSocket& socket, std::span<Byte> into,
                                HopSocket::Deadline deadline);

private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };

    explicit TlsStream(std::unique_ptr<ssl_st, Free> ssl)
        : ssl_(std::move(ssl)) {}

    Status flush(HopSocket& socket, HopSocket::Deadline deadline);
    Status refill(HopSocket& socket, HopSocket::Deadline deadline);
    template <class Step>
    Result<std::size_t> run(HopSocket& socket, HopSocket::Deadline deadline, Step step);

    std::unique_ptr<ssl_st, Free> ssl_;
};

/// Whether `path` has certificates to trust. Fault::config.
Status check_ca_file(std::string const& path);

}  // namespace satchel::mailgw
