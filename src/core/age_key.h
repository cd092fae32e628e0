// The X25519 keys of age (c2sp.org/age): a recipient `age1…` and an identity `AGE-SECRET-KEY-1…`,
// both Bech32 (BIP 173).
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

struct AgeRecipient {
    std::array<Byte, 32> bytes{};

    static Result<AgeRecipient> parse(std::string_view text);
    std::string to_string() const;

    friend auto operator<=>(AgeRecipient const&, AgeRecipient const&) = default;
};

class AgeIdentity {
public:
    static AgeIdentity generate(Randomness& randomness);
    static Result<AgeIdentity> parse(std::string_view text);

    AgeIdentity copy() const { return AgeIdentity(scalar_.copy()); }

    AgeRecipient recipient() const;

    std::span<Byte const, 32> scalar() const { return scalar_.view(); }

    /// `AGE-SECRET-KEY-1…`: for the key file alone, never for a log.
    std::string to_secret_string() const;

private:
    explicit AgeIdentity(Secret<32> scalar)
        : scalar_(std::move(scalar)) {}

    Secret<32> scalar_;
};

}  // namespace satchel
