// SHA-256 of two messages at once. The processor's SHA instructions wait for one another within a
// message, not between two: both together take little longer than one.
#pragma once

#include <array>

#include "src/base/sha256.h"

namespace satchel {

/// Of two messages of the same length, a multiple of 64 bytes. Anywhere else one after the other.
std::array<Sha256Digest, 2> sha256_of_two(ByteSpan first, ByteSpan second);

/// The processor can: otherwise nothing is gained.
bool has_sha256_pair();

}  // namespace satchel
