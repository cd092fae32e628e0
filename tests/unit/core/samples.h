// The parties of the codec tests and vectors: bob@b.test, his domain and his node, always the same.
#pragma once

#include <utility>

#include "src/core/binding.h"
#include "src/core/keys.h"
#include "src/core/limits.h"
#include "src/core/locator.h"
#include "src/core/offer.h"
#include "src/core/pull_notice.h"
#include "src/core/record_envelope.h"
#include "src/core/storage_record.h"
#include "tests/support/seeded_randomness.h"

namespace satchel::testing {

inline constexpr std::uint64_t sample_now = 1'800'000'000;

inline SigningKey sample_key(std::string_view name) {
    SeededRandomness randomness(name);
    return SigningKey::generate(randomness);
}

inline Address sample_address(std::string const& text = "bob@b.test") {
    return *Address::parse(text);
}

/// The longest that there may be: 254 octets.
inline Address longest_address() {
    std::string const label = std::string(63, 'd') + ".";
    return sample_address(std::string(64, 'l') + "@" + label + label + std::string(61, 'e'));
}

inline AgeRecipient sample_age() {
    SeededRandomness randomness("age");
    return AgeIdentity::generate(randomness).recipient();
}

inline Binding unsigned_binding(Address address = sample_address()) {
    return {std::move(address),
            UserKey(sample_key("user").public_key()),
            sample_age(),
            "+",
            7,
            sample_now - 1'000,
            sample_now + 90 * 24 * 3600,
            DomainKey(),
            Signature{}};
}

inline Binding sample_binding(Address address = sample_address()) {
    return sign_binding(unsigned_binding(std::move(address)), sample_key("domain"));
}

/// A key of the DHT, for tests that need no true locator.
inline DhtKey sample_place() {
    return {SeededRandomness("place").array<20>()};
}

inline SealKey sample_seal() {
    return SeededRandomness("seal").array<32>();
}

/// In the domain's slot, unsealed.
inline RecordEnvelope storage_draft() {
    RecordEnvelope draft;
    draft.kind = RecordKind::storage;
    draft.dht_key = sample_place();
    draft.slot_owner = sample_key("domain").public_key();
    draft.slot_epoch = 7;
    draft.slot_expires = sample_now + 90 * 24 * 3600;
    draft.signer = sample_key("user").public_key();
    draft.seq = sample_now * 1000 + 123;
    draft.issued = sample_now;
    draft.expires = sample_now + limits::storage_record_lifetime_seconds;
    return draft;
}

/// With the domain's proof for what the draft says.
inline RecordEnvelope proven(RecordEnvelope draft) {
    draft.slot_proof = sign_slot(sample_key("domain"), draft.dht_key, draft.signer,
                                 draft.slot_epoch, draft.slot_expires);
    return draft;
}

/// A storage record in its signer's own slot, unsealed.
inline RecordEnvelope own_draft() {
    RecordEnvelope draft = storage_draft();
    draft.slot_owner = draft.signer;
    draft.slot_epoch = 0;
    draft.slot_expires = draft.expires;
    return draft;
}

/// The node's own, unsealed.
inline RecordEnvelope presence_draft() {
    RecordEnvelope draft;
    draft.kind = RecordKind::presence;
    draft.signer = sample_key("node").public_key();
    draft.slot_owner = draft.signer;
    draft.dht_key = presence_key(NodeKey(draft.signer));
    draft.seq = sample_now * 1000;
    draft.issued = sample_now;
    draft.expires = sample_now + limits::presence_ttl_seconds;
    draft.slot_expires = draft.expires;
    return draft;
}

inline StorageNode sample_node(std::string_view name, std::uint32_t priority) {
    return {NodeKey(sample_key(name).public_key()), priority, SeededRandomness(name).array<32>()};
}

inline StorageRecord sample_storage_record() {
    return {sample_address(),
            sample_age(),
            {sample_node("node", 10), sample_node("node-2", 20)},
            {10ULL << 30, AcceptFrom::attested, 0, 1},
            sample_binding(),
            std::nullopt,
            "https://box.b.test/satchel"};
}

inline Offer sample_offer() {
    SeededRandomness chance("offer");
    Offer offer;
    offer.id = OfferId{chance.array<16>()};
    offer.content_id = ContentId{chance.array<32>()};
    offer.size = 3'000'000;
    offer.sender = "bob@b.test";
    offer.sender_binding = sample_binding();
    offer.recipient = address_tag(sample_address("carol@c.test"));
    offer.grant = Bytes(200, 0x67);
    offer.label = Bytes(300, 0x6c);
    offer.recipient_node = NodeKey(sample_key("node").public_key());
    offer.sender_node = NodeKey(sample_key("node-2").public_key());
    offer.control = {{"192.0.2.1", 7473}, {"2001:db8::1", 7473}};
    offer.swarm = {{"192.0.2.1", 7474}};
    offer.expires = sample_now + 3600;
    return sign_offer(offer, sample_key("user"));
}

inline PullNotice sample_notice() {
    Offer const offer = sample_offer();
    return {offer.id,          offer.content_id, offer.size,
            offer.sender_node, offer.control,    offer.expires};
}

/// For the sample node.
inline RecordEnvelope sealed_notice(PullNotice const& notice = sample_notice()) {
    SeededRandomness chance("notice");
    return *seal_notice(notice, NodeKey(sample_key("node").public_key()), sample_now * 1000,
                        chance);
}

/// `bytes` with one bit of the octet at `at` turned.
inline Bytes bent(Bytes bytes, std::size_t at) {
    bytes[at] = static_cast<Byte>(bytes[at] ^ (1U << at % 8));
    return bytes;
}

inline Bytes with_byte_after(Bytes bytes) {
    bytes.push_back(0);
    return bytes;
}

}  // namespace satchel::testing
