#include "src/base/sodium_randomness.h"

#include <sodium.h>

#include "src/base/sodium_init.h"

namespace satchel {

SystemRandomness::SystemRandomness() {
    ensure_sodium();
}

void SystemRandomness::fill(std::span<Byte> out) {
    randombytes_buf(out.data(), out.size());
}

}  // namespace satchel
