// Chance comes through the constructor, so that vectors and tests can be repeated.
#pragma once

#include <array>
#include <span>

#include "src/base/bytes.h"

namespace satchel {

class Randomness {
public:
    virtual ~Randomness() = default;
    virtual void fill(std::span<Byte> out) = 0;

    template <std::size_t N>
    std::array<Byte, N> array() {
        std::array<Byte, N> out{};
        fill(out);
        return out;
    }
};

}  // namespace satchel
