// SHA-256 of many messages at once, one in each lane of the processor's widest registers: faster
// than its SHA instructions, and leaves those to whoever hashes one long message meanwhile.
#pragma once

#include <span>

#include "src/base/sha256.h"

namespace satchel {

inline constexpr std::size_t sha256_lanes = 32;
inline constexpr std::size_t sha256_lanes_min = 16;  ///< so few it can do, too, somewhat slower

/// The processor can (AVX-512). Ask before sha256_of_lanes().
bool has_sha256_lanes();

/// Of as many messages as `digests` has room for: sha256_lanes or sha256_lanes_min. They have the
/// same length, a multiple of 64 bytes, and stand one after the other.
void sha256_of_lanes(ByteSpan messages, std::span<Sha256Digest> digests);

}  // namespace satchel
