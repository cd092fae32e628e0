// The primitives that c2sp.org/age is built from, as OpenSSL gives them: X25519, HKDF-SHA-256,
// HMAC-SHA-256, ChaCha20-Poly1305.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/secret.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is OpenSSL's.
using EVP_CIPHER_CTX = struct evp_cipher_ctx_st;

namespace satchel::transfer {

inline constexpr std::size_t aead_tag_bytes = 16;

using AeadNonce = std::array<Byte, 12>;

/// RFC 5869 with SHA-256 and 32 bytes of output. `salt` may be empty.
Secret<32> hkdf_sha256(ByteSpan key, ByteSpan salt, std::string_view info);

std::array<Byte, 32> hmac_sha256(ByteSpan key, ByteSpan message);

/// RFC 7914 with N = 2^work_factor, r = 8, p = 1 and 32 bytes of output: takes 1 KiB × N of memory.
/// Fault::io where there is none.
Result<Secret<32>> scrypt(ByteSpan passphrase, ByteSpan salt, unsigned work_factor);

/// scalar × point (RFC 7748 §5). Fault::corrupt for points of low order, whose product is zero.
Result<Secret<32>> x25519(std::span<Byte const, 32> scalar, std::span<Byte const, 32> point);

/// scalar × base point.
std::array<Byte, 32> x25519_public(std::span<Byte const, 32> scalar);

/// ChaCha20-Poly1305 (RFC 8439) in one direction under one key, without additional data. The key
/// schedule is kept from chunk to chunk. Not thread-safe.
class ChunkCipher {
public:
    enum class Direction { seal, open };

    ChunkCipher(std::span<Byte const, 32> key, Direction direction);
    ChunkCipher(ChunkCipher&&) noexcept = default;
    ChunkCipher& operator=(ChunkCipher&&) noexcept = default;

    /// `sealed` is exactly a tag longer than `plain`.
    void seal(AeadNonce const& nonce, ByteSpan plain, std::span<Byte> sealed);

    /// False: the tag is wrong, and what stands in `plain` is worth nothing.
    bool open(AeadNonce const& nonce, ByteSpan sealed, std::span<Byte> plain);

private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* context) const;
    };

    std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace satchel::transfer
