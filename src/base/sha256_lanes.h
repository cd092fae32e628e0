// SHA-256 of sixteen messages at once, one in each lane of the processor's widest registers: faster
// than its SHA instructions, and leaves those to whoever hashes one long message meanwhile.
#pragma once

#include <array>

#include "src/base/sha256.h"

namespace satchel {

inline constexpr std::size_t sha256_lanes = 16;

/// The processor can (AVX-512). Ask before sha256_of_sixteen().
bool has_sha256_lanes();

/// Of sixteen messages of the same length, a multiple of 64 bytes, that stand one after the other.
std::array<Sha256Digest, sha256_lanes> sha256_of_sixteen(ByteSpan messages);

}  // namespace satchel
