// SHA-256 of two messages at once. The processor's SHA instructions wait for one another within a
// message, not between two: both together take little longer than one.
#pragma once

#include <array>
#include <memory>

#include "src/base/sha256.h"

namespace satchel {

/// Of two messages of the same length, a multiple of 64 bytes. Anywhere else one after the other.
std::array<Sha256Digest, 2> sha256_of_two(ByteSpan first, ByteSpan second);

/// The processor can: otherwise nothing is gained.
bool has_sha256_pair();

/// Two messages of any lengths that arrive side by side.
class Sha256Pair {
public:
    Sha256Pair();
    Sha256Pair(Sha256Pair&&) noexcept;
    Sha256Pair& operator=(Sha256Pair&&) noexcept;
    ~Sha256Pair();

    /// The next bytes of each, as many as there are.
    void update(ByteSpan first, ByteSpan second);

    /// The digest of all that was fed of one; that one starts afresh.
    Sha256Digest finish_first();
    Sha256Digest finish_second();

    class State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace satchel
