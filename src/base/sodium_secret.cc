#include <new>

#include <sodium.h>

#include "src/base/secret.h"
#include "src/base/sodium_init.h"

namespace satchel {

void wipe(std::span<Byte> bytes) {
    sodium_memzero(bytes.data(), bytes.size());
}

namespace detail {

Byte* lock_new(std::size_t size) {
    ensure_sodium();
    // Pages of its own: locks are per page, and unlocking one secret must not unlock its neighbour.
    // RLIMIT_MEMLOCK may be small: then the bytes are wiped all the same, only a swap could hold
    // them.
    auto* const bytes = static_cast<Byte*>(sodium_malloc(size));
    if (bytes == nullptr) throw std::bad_alloc();
    sodium_memzero(bytes, size);
    return bytes;
}

void wipe_and_free(Byte* bytes) {
    sodium_free(bytes);  // wipes first
}

}  // namespace detail

}  // namespace satchel
