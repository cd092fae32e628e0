// BLAKE2b (RFC 7693) of any output length from 16 to 64 bytes, fed piece by piece.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>

#include "src/base/bytes.h"

namespace satchel {

/// BLAKE2b over the concatenation of `parts`, into all of `out` (16 to 64 bytes).
void blake2b(std::span<Byte> out, std::initializer_list<ByteSpan> parts);

template <std::size_t N>
std::array<Byte, N> blake2b(std::initializer_list<ByteSpan> parts) {
    static_assert(N >= 16 && N <= 64);
    std::array<Byte, N> out{};
    blake2b(out, parts);
    return out;
}

}  // namespace satchel
