// Mutual TLS 1.3 whose certificates say one thing: the Ed25519 key of a node (DESIGN: section 5,
// control protocol). The dialler pins the key within the handshake; the listener takes any key as
// the caller's identity and decides by request.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "src/base/asio_ssl.h"
#include "src/base/result.h"
#include "src/core/keys.h"

namespace satchel::transfer {

using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

/// 32 bytes that both ends of one TLS connection know and nobody else: what a device signs.
using TlsExporter = std::array<Byte, 32>;

/// Our side of every connection: certificate and rules. Outlives its streams.
class TlsIdentity {
public:
    /// Fault::io when OpenSSL refuses.
    static Result<TlsIdentity> create(SigningKey const& node_key);

    asio::ssl::context& server() { return *server_; }

    asio::ssl::context& client() { return *client_; }

private:
    using Context = std::unique_ptr<asio::ssl::context>;

    TlsIdentity(Context server, Context client)
        : server_(std::move(server))
        , client_(std::move(client)) {}

    Context server_;
    Context client_;
};

/// Before the handshake of a listener: any Ed25519 key will do, but there must be one.
void accept_any_key(TlsStream& stream);

/// Before the handshake of a dialler: any other key fails it, and not a byte of ours is sent.
/// `saw_other_key` is set where that happened.
void pin_key(TlsStream& stream, NodeKey const& expected, std::shared_ptr<bool> saw_other_key);

/// Who is at the other end, after the handshake.
std::optional<NodeKey> peer_key(TlsStream& stream);

/// RFC 8446 §7.5, label "EXPORTER-satchel-device-v1", no context.
Result<TlsExporter> exporter_of(TlsStream& stream);

}  // namespace satchel::transfer
