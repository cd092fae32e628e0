#include "src/base/sodium_hash.h"

#include <sodium.h>

#include "src/base/sodium_init.h"

namespace satchel {

void blake2b(std::span<Byte> out, std::initializer_list<ByteSpan> parts) {
    ensure_sodium();
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, out.size());
    for (ByteSpan part : parts)
        crypto_generichash_update(&state, part.data(), part.size());
    crypto_generichash_final(&state, out.data(), out.size());
}

}  // namespace satchel
