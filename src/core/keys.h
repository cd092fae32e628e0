// Ed25519 keys (RFC 8032): the secret one that signs, and what it signed.
#pragma once

#include <array>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/secret.h"
#include "src/core/public_key.h"

namespace satchel {

using Signature = std::array<Byte, 64>;

/// The secret half. Its seed is 32 bytes in locked memory.
class SigningKey {
public:
    static SigningKey generate(Randomness& randomness);
    static SigningKey from_seed(Secret<32> seed);

    SigningKey copy() const { return from_seed(seed_.copy()); }

    PublicKey const& public_key() const { return public_; }

    std::span<Byte const, 32> seed() const { return seed_.view(); }

    /// Signs `prefix` ‖ `message`. Every kind of signed thing has its own prefix, so that none
    /// passes for another.
    Signature sign(std::string_view prefix, ByteSpan message) const;

private:
    SigningKey(Secret<32> seed, PublicKey key);

    Secret<32> seed_;
    PublicKey public_;
};

bool verify_signature(PublicKey const& signer, std::string_view prefix, ByteSpan message,
                      Signature const& signature);

}  // namespace satchel
