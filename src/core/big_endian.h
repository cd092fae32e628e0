// Integers as 8 bytes, most significant first: how signatures cover them outside of msgpack.
#pragma once

#include <array>
#include <cstdint>

#include "src/base/bytes.h"

namespace satchel {

inline std::array<Byte, 8> big_endian(std::uint64_t value) {
    std::array<Byte, 8> out{};
    for (auto byte = out.rbegin(); byte != out.rend(); ++byte, value >>= 8)
        *byte = static_cast<Byte>(value & 0xff);
    return out;
}

}  // namespace satchel
