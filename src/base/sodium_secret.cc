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
    auto* const bytes = new Byte[size]();
    // RLIMIT_MEMLOCK may be small: then the bytes are wiped all the same, only a swap could hold
    // them.
    static_cast<void>(sodium_mlock(bytes, size));
    return bytes;
}

void wipe_and_free(Byte* bytes, std::size_t size) {
    sodium_munlock(bytes, size);
    sodium_memzero(bytes, size);
    delete[] bytes;
}

}  // namespace detail

}  // namespace satchel
