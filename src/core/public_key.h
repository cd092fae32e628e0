// Public Ed25519 keys (RFC 8032), typed by what they are keys of.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel {

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

}  // namespace satchel
