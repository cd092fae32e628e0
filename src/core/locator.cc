#include "src/core/locator.h"

#include <algorithm>
#include <mutex>
#include <new>

#include <sodium.h>

#include "src/base/hex.h"
#include "src/base/sodium_hash.h"
#include "src/base/sodium_init.h"

namespace satchel {

namespace {

constexpr std::size_t argon2_memory_bytes = 16 * 1024 * 1024;
constexpr unsigned argon2_passes = 1;

/// One at a time: a node that looks many addresses up at once stays as small as one that doesn't.
std::mutex& argon2_turn() {
    static std::mutex turn;
    return turn;
}

}  // namespace

std::string DhtKey::to_hex() const {
    return satchel::to_hex(bytes);
}

Locator locate(Address const& address) {
    ensure_sodium();
    auto const salt = blake2b<crypto_pwhash_SALTBYTES>({bytes_of("satchel/address/1")});
    std::string const& text = address.text();
    Locator locator;
    std::array<Byte, 20 + 32> out{};
    static_assert(out.size() == sizeof(locator.key.bytes) + sizeof(locator.seal));
    std::lock_guard const alone(argon2_turn());
    if (crypto_pwhash(out.data(), out.size(), text.data(), text.size(), salt.data(), argon2_passes,
                      argon2_memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw std::bad_alloc();  // its only failure
    std::copy_n(out.begin(), 20, locator.key.bytes.begin());
    std::copy_n(out.begin() + 20, 32, locator.seal.begin());
    return locator;
}

DhtKey presence_key(NodeKey const& node) {
    return {blake2b<20>({bytes_of("satchel/presence/1"), node.bytes})};
}

DhtKey inbox_key(NodeKey const& node) {
    return {blake2b<20>({bytes_of("satchel/inbox/1"), node.bytes})};
}

AddressTag address_tag(Address const& address) {
    return blake2b<32>({bytes_of("satchel/tag/1"), bytes_of(address.text())});
}

}  // namespace satchel
