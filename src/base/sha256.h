// SHA-256, streaming. OpenSSL's, because it uses the processor's SHA instructions (3.6 times
// libsodium's).
#pragma once

#include <array>
#include <memory>

#include "src/base/bytes.h"

namespace satchel {

using Sha256Digest = std::array<Byte, 32>;

class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void update(ByteSpan more);

    /// The digest of all that was fed. The object starts afresh.
    Sha256Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

Sha256Digest sha256(ByteSpan bytes);

/// The digest of two digests one behind the other, as a Merkle tree joins them.
Sha256Digest sha256_of_joined(std::span<Byte const, 32> left, std::span<Byte const, 32> right);

}  // namespace satchel
