// Mutual TLS 1.3 whose certificates say one thing: the Ed25519 key of a node (DESIGN: section 5,
// control protocol). The dialler pins the key within the handshake; the listener takes any key as
// the caller's identity and decides by request.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "src/base/asio_ssl.h"
#include "src/base/result.h"
#include "src/core/keys.h"

namespace satchel::transfer {

/// 32 bytes that both ends of one TLS connection know and nobody else.
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

/// Whom a handshake lets in. Outlives its connection.
struct KeyCheck {
    std::optional<NodeKey> expected;  ///< none: any Ed25519 key will do, but there must be one
    bool saw_other = false;
};

/// Before the handshake. A dialler that meets another key fails it, and not a byte of ours is sent.
void check_keys(SSL* ssl, KeyCheck& check);

/// Who is at the other end, after the handshake.
std::optional<NodeKey> peer_key(SSL* ssl);

/// RFC 8446 §7.5, no context.
Result<TlsExporter> exporter_of(SSL* ssl, std::string_view label);

}  // namespace satchel::transfer
