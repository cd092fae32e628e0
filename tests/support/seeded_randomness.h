// Chance that comes out the same in every run: BLAKE2b-512 of seed and counter. Vectors depend on
// it: never change what it yields.
#pragma once

#include <algorithm>

#include "src/base/randomness.h"
#include "src/base/sodium_hash.h"

namespace satchel::testing {

class SeededRandomness final : public Randomness {
public:
    explicit SeededRandomness(std::string_view seed = "satchel")
        : seed_(seed) {}

    void fill(std::span<Byte> out) override {
        for (Byte& byte : out) {
            if (used_ == block_.size()) refill();
            byte = block_[used_++];
        }
    }

private:
    void refill() {
        std::string const counter = ":" + std::to_string(blocks_++);
        block_ = blake2b<64>({bytes_of(seed_), bytes_of(counter)});
        used_ = 0;
    }

    std::string seed_;
    std::uint64_t blocks_ = 0;
    std::array<Byte, 64> block_{};
    std::size_t used_ = 64;
};

}  // namespace satchel::testing
