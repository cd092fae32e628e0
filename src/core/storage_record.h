// Body of a storage record: which nodes store for this address, the age recipient, what they
// accept. Bytes: src/core/FORMATS.md, "Storage record".
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/accept_policy.h"
#include "src/core/address.h"
#include "src/core/age_key.h"
#include "src/core/binding.h"
#include "src/core/gateway_place.h"
#include "src/core/keys.h"

namespace satchel {

/// Seals the presence record of a node. Whoever reads the storage record learns it.
using PresenceSecret = std::array<Byte, 32>;

struct StorageNode {
    NodeKey node_key;
    std::uint32_t priority = 0;  ///< lower is tried first
    PresenceSecret presence_secret{};

    friend bool operator==(StorageNode const&, StorageNode const&) = default;
};

struct StorageRecord {
    Address address;
    AgeRecipient age_recipient;
    std::vector<StorageNode> nodes;  ///< at most 3; none: withdrawn
    AcceptPolicy accept;
    /// As in BindingGrant. Encoded without what the envelope says already; decoding takes that from
    /// the envelope. Where the signer owns the slot, the envelope doesn't say it: none on decoding.
    std::optional<Binding> binding;
    std::optional<GatewayPlace> gateway{};  ///< keeps what arrives while all nodes are off
    std::string page;                       ///< "" or an https base of at most 64 octets

    friend bool operator==(StorageRecord const&, StorageRecord const&) = default;
};

/// What the envelope says of the binding: needed to put it together again.
struct EnvelopeFacts {
    UserKey signer;
    DomainKey slot_owner;
    std::uint64_t slot_epoch = 0;
    std::uint64_t slot_expires = 0;
};

/// Refuses what would not fit the constant size of the kind (Fault::too_large), and what decoding
/// would refuse or get wrong (Fault::usage).
Result<Bytes> encode_storage_record(StorageRecord const& record);
Result<StorageRecord> decode_storage_record(ByteSpan body, EnvelopeFacts const& envelope);

}  // namespace satchel
