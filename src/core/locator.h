// Where the storage record of an address lies, and the key that opens it (DESIGN: section 4,
// locator).
#pragma once

#include <array>
#include <compare>
#include <string>

#include "src/base/bytes.h"
#include "src/core/address.h"
#include "src/core/keys.h"

namespace satchel {

/// A key of the DHT's 160-bit space.
struct DhtKey {
    std::array<Byte, 20> bytes{};

    std::string to_hex() const;
    friend auto operator<=>(DhtKey const&, DhtKey const&) = default;
};

/// Key of XChaCha20-Poly1305 that seals a record's body. Not secret from those who know the
/// address.
using SealKey = std::array<Byte, 32>;

struct Locator {
    DhtKey key;
    SealKey seal{};
};

/// 52 bytes of Argon2id13 over the normal form: about 24 ms and 16 MiB on any thread. Cache it.
Locator locate(Address const& address);

/// BLAKE2b-160("satchel/presence/1" ‖ node key).
DhtKey presence_key(NodeKey const& node);

/// BLAKE2b-160("satchel/inbox/1" ‖ node key): where pull notices for the node lie.
DhtKey inbox_key(NodeKey const& node);

/// BLAKE2b-256("satchel/tag/1" ‖ address): names a recipient to a blind node.
using AddressTag = std::array<Byte, 32>;
AddressTag address_tag(Address const& address);

}  // namespace satchel
