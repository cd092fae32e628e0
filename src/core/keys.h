// Ed25519 keys (RFC 8032): public ones typed by what they are keys of, and the secret one that
// signs.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/secret.h"

namespace satchel {

using Signature = std::array<Byte, 64>;

/// Any Ed25519 public key. Written as standard base64, 44 characters.
struct PublicKey {
    std::array<Byte, 32> bytes{};

    static Result<PublicKey> parse(std::string_view base64);
    std::string to_base64() const;

    /// Eight characters, for logs.
    std::string short_form() const;

    friend auto operator<=>(PublicKey const&, PublicKey const&) = default;
};

/// A public key in a role: it goes where any key goes, but no key becomes one without being named
/// so.
template <class Role>
struct KeyOf : PublicKey {
    KeyOf() = default;

    explicit KeyOf(PublicKey key)
        : PublicKey(key) {}

    static Result<KeyOf> parse(std::string_view base64) {
        auto key = PublicKey::parse(base64);
        if (!key) return fail(key.error());
        return KeyOf(*key);
    }

    friend auto operator<=>(KeyOf const&, KeyOf const&) = default;
};

using UserKey = KeyOf<struct UserRole>;
using NodeKey = KeyOf<struct NodeRole>;
using DomainKey = KeyOf<struct DomainRole>;

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
