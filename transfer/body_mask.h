// What hides the bytes of blobs that go beside TLS: AES-128 in counter mode, under a key that both
// ends have from the handshake and that is gone with the connection. It authenticates nothing:
// those bytes are hashed against a signed content id before anybody believes them.
#pragma once

#include <memory>
#include <span>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "transfer/tls_pinned.h"
#include "transfer/wide_aes.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is OpenSSL's.
using EVP_CIPHER_CTX = struct evp_cipher_ctx_st;

namespace satchel::transfer {

/// One direction of one connection; its counter goes on from body to body. One thread at a time.
class BodyMask {
public:
    /// RFC 8446 §7.5, label "EXPORTER-satchel-body-v1", no context: 16 bytes of key for what the
    /// dialler sends, then 16 for what the listener sends. After the handshake.
    static Result<BodyMask> of_sent(SSL* ssl);
    static Result<BodyMask> of_received(SSL* ssl);

    /// NIST SP 800-38A §6.5, from a counter of zero. Fault::io when OpenSSL refuses.
    static Result<BodyMask> with_key(std::span<Byte const, 16> key);
    /// Not by the processor's widest registers, though it has them.
    static Result<BodyMask> by_openssl(std::span<Byte const, 16> key);

    /// Masks, or takes the mask off. `out` has as many bytes as `in`, and may be the same.
    Status apply(ByteSpan in, std::span<Byte> out);

private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* context) const;
    };

    explicit BodyMask(std::unique_ptr<EVP_CIPHER_CTX, Free> context)
        : context_(std::move(context)) {}

    explicit BodyMask(std::unique_ptr<WideAesCounter> wide)
        : wide_(std::move(wide)) {}

    // One of the two.
    std::unique_ptr<WideAesCounter> wide_;
    std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace satchel::transfer
