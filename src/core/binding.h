// A domain's signed word that an address belongs to a user key and an age recipient, and the slot
// that it grants. Bytes: src/core/FORMATS.md, "Binding" and "Slot proof".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/age_key.h"
#include "src/core/keys.h"
#include "src/core/locator.h"

namespace satchel {

struct Binding {
    Address address;
    UserKey user_key;
    AgeRecipient age_recipient;
    std::string subaddress;        ///< "" or "+"
    std::uint64_t slot_epoch = 0;  ///< rises with every re-binding
    std::uint64_t issued = 0;      ///< Unix seconds
    std::uint64_t expires = 0;     ///< Unix seconds
    DomainKey domain_key;
    Signature signature{};

    /// The signature is the domain key's, the address is of `domain_key`'s choosing; says nothing
    /// of whose key it is.
    bool signature_holds() const;
    friend bool operator==(Binding const&, Binding const&) = default;
};

Binding sign_binding(Binding unsigned_binding, SigningKey const& domain_key);

Bytes encode_binding(Binding const& binding);
Result<Binding> decode_binding(ByteSpan bytes);

/// Signature of the slot's owner over "satchel-slot-v1" ‖ dht_key ‖ signer ‖ slot_epoch ‖
/// slot_expires (integers 8 bytes big-endian).
Signature sign_slot(SigningKey const& owner, DhtKey const& key, PublicKey const& signer,
                    std::uint64_t epoch, std::uint64_t expires);
bool slot_proof_holds(PublicKey const& owner, DhtKey const& key, PublicKey const& signer,
                      std::uint64_t epoch, std::uint64_t expires, Signature const& proof);

/// What `domain bind` hands to the user: binding and slot proof, as one line of text
/// (`satchel-binding:1:<base64>`).
struct BindingGrant {
    Binding binding;
    Signature slot_proof{};

    std::string to_line() const;
    static Result<BindingGrant> parse(std::string_view line);

    /// Form alone, without the Argon2id that checking the slot proof costs: for many lines of a
    /// file one trusts.
    static Result<BindingGrant> decode_line(std::string_view line);
    friend bool operator==(BindingGrant const&, BindingGrant const&) = default;
};

BindingGrant grant_binding(Binding unsigned_binding, SigningKey const& domain_key);

/// OpenDHT value id of a slot: first 8 bytes, big-endian, of BLAKE2b-256("satchel/slot/1" ‖ owner).
std::uint64_t slot_id(PublicKey const& owner);

}  // namespace satchel
