// The system's cryptographic randomness, by way of libsodium. Safe from any thread.
#pragma once

#include "src/base/randomness.h"

namespace satchel {

class SystemRandomness final : public Randomness {
public:
    SystemRandomness();
    void fill(std::span<Byte> out) override;
};

}  // namespace satchel
