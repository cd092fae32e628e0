#include <mutex>
#include <new>
#include <vector>

#include <sodium.h>

#include "src/base/secret.h"
#include "src/base/sodium_init.h"

namespace satchel {

void wipe(std::span<Byte> bytes) {
    sodium_memzero(bytes.data(), bytes.size());
}

namespace {

/// sodium_malloc's: pages of their own with guards around them, locked. Locks are per page, so a
/// secret's neighbours must be secrets. RLIMIT_MEMLOCK may be small: then the bytes are wiped all
/// the same, only a swap could hold them.
Byte* locked_pages(std::size_t size) {
    ensure_sodium();
    auto* const bytes = static_cast<Byte*>(sodium_malloc(size));
    if (bytes == nullptr) throw std::bad_alloc();
    sodium_memzero(bytes, size);
    return bytes;
}

/// Keys share locked pages: to lock and unlock one of its own for each costs 20 microseconds, and a
/// push of 1 KB handles thirty. Those that are free are zeros, which is also what a use of a key
/// that was given back would find.
class KeyDrawer {
public:
    static constexpr std::size_t slot_bytes = 64;

    Byte* take() {
        std::lock_guard const lock(guard_);
        if (free_.empty()) add_page();
        Byte* const slot = free_.back();
        free_.pop_back();
        return slot;
    }

    void give_back(Byte* slot) {
        sodium_memzero(slot, slot_bytes);
        std::lock_guard const lock(guard_);
        free_.push_back(slot);
    }

private:
    static constexpr std::size_t page_bytes = 4096 - slot_bytes;  // and the canary of libsodium

    void add_page() {
        Byte* const page = locked_pages(page_bytes);
        slots_ += page_bytes / slot_bytes;
        free_.reserve(slots_);  // giving back must not fail
        for (std::size_t at = page_bytes; at > 0; at -= slot_bytes)
            free_.push_back(page + at - slot_bytes);
    }

    std::mutex guard_;
    std::vector<Byte*> free_;
    std::size_t slots_ = 0;
};

/// Never destroyed: secrets of static objects are given back after all else is.
KeyDrawer& keys() {
    static auto& drawer = *new KeyDrawer;
    return drawer;
}

}  // namespace

namespace detail {

Byte* lock_new(std::size_t size) {
    return size <= KeyDrawer::slot_bytes ? keys().take() : locked_pages(size);
}

void wipe_and_free(Byte* bytes, std::size_t size) {
    if (size <= KeyDrawer::slot_bytes) return keys().give_back(bytes);
    sodium_free(bytes);  // wipes first
}

}  // namespace detail

}  // namespace satchel
