// SHA-256 of many messages at once, one in each lane of the processor's widest registers: faster
// than its SHA instructions. Those wait for one another within a message, and leave room for lanes
// meanwhile: one long message beside them costs little more than it costs alone.
#pragma once

#include <memory>
#include <span>

#include "src/base/sha256.h"

namespace satchel {

inline constexpr std::size_t sha256_lanes = 32;
inline constexpr std::size_t sha256_lanes_min = 16;  ///< so few it can do, too, somewhat slower

/// The processor can (AVX-512). Ask before sha256_of_lanes().
bool has_sha256_lanes();

/// One long message that is hashed while others are.
class Sha256Beside {
public:
    Sha256Beside();
    Sha256Beside(Sha256Beside const&) = delete;
    Sha256Beside& operator=(Sha256Beside const&) = delete;
    ~Sha256Beside();

    /// The next bytes, which wait for others to be hashed. They must stay until settle(), and what
    /// was offered before must be settled.
    void offer(ByteSpan more);

    /// Hashes what waits still.
    void settle();

    /// The digest of all that was settled. The object starts afresh.
    Sha256Digest finish();

    struct State;

private:
    friend void sha256_of_lanes(ByteSpan messages, std::span<Sha256Digest> digests,
                                Sha256Beside* beside);

    std::unique_ptr<State> state_;
};

/// Of as many messages as `digests` has room for: sha256_lanes or sha256_lanes_min. They have the
/// same length, a multiple of 64 bytes, and stand one after the other. Of what waits `beside` as
/// much is hashed meanwhile, where the processor can that.
void sha256_of_lanes(ByteSpan messages, std::span<Sha256Digest> digests,
                     Sha256Beside* beside = nullptr);

}  // namespace satchel
