// A user with a domain, keys and a storage node, who signs the records that go into the DHT.
#pragma once

#include <string>

#include "src/core/binding.h"
#include "src/core/limits.h"
#include "src/core/locator.h"
#include "src/core/presence_record.h"
#include "src/core/record_envelope.h"
#include "src/core/storage_record.h"
#include "tests/support/seeded_randomness.h"

namespace satchel::testing {

class StorageUser {
public:
    StorageUser(std::string const& address_text, std::uint64_t now_seconds)
        : now(now_seconds)
        , chance(address_text)
        , address(*Address::parse(address_text))
        , domain_key(SigningKey::generate(chance))
        , user_key(SigningKey::generate(chance))
        , node_key(SigningKey::generate(chance))
        , age(AgeIdentity::generate(chance).recipient())
        , presence_secret(chance.array<32>())
        , locator(locate(address))
        , domain(domain_key.public_key())
        , user(user_key.public_key())
        , node(node_key.public_key())
        , binding(sign_binding({address, user, age, "", 1, now - 1000, now + 90 * 24 * 3600,
                                DomainKey(), Signature{}},
                               domain_key)) {}

    std::uint64_t now;  ///< Unix seconds of what is signed
    SeededRandomness chance;
    Address address;
    SigningKey domain_key;
    SigningKey user_key;
    SigningKey node_key;
    AgeRecipient age;
    PresenceSecret presence_secret;
    Locator locator;
    DomainKey domain;
    UserKey user;
    NodeKey node;
    Binding binding;

    StorageRecord record() const {
        return {address, age, {{node, 10, presence_secret}}, {}, binding, std::nullopt, ""};
    }

    /// In the domain's slot. `step` milliseconds before now: a larger one is an older record.
    RecordEnvelope draft(std::uint64_t step = 500) const {
        RecordEnvelope envelope;
        envelope.kind = RecordKind::storage;
        envelope.dht_key = locator.key;
        envelope.slot_owner = domain;
        envelope.slot_epoch = binding.slot_epoch;
        envelope.slot_expires = binding.expires;
        envelope.signer = user;
        envelope.seq = now * 1000 - step;
        envelope.issued = now;
        envelope.expires = now + limits::storage_record_lifetime_seconds;
        return envelope;
    }

    RecordEnvelope sealed(RecordEnvelope envelope, StorageRecord const& content) {
        if (!envelope.self_owned())
            envelope.slot_proof = sign_slot(domain_key, envelope.dht_key, envelope.signer,
                                            envelope.slot_epoch, envelope.slot_expires);
        auto const body = encode_storage_record(content);
        return *seal_record(envelope, *body, locator.seal, user_key, chance);
    }

    RecordEnvelope storage(std::uint64_t step = 500) { return sealed(draft(step), record()); }

    /// In the user's own slot, for readers who pinned the key.
    RecordEnvelope own_storage(std::uint64_t step = 500) {
        RecordEnvelope envelope = draft(step);
        envelope.slot_owner = user;
        envelope.slot_epoch = 0;
        envelope.slot_expires = envelope.expires;
        return sealed(envelope, record());
    }

    RecordEnvelope withdrawn(std::uint64_t step = 100) {
        StorageRecord nothing = record();
        nothing.nodes.clear();
        return sealed(draft(step), nothing);
    }

    RecordEnvelope presence(bool available = true, std::uint64_t step = 500) {
        PresenceRecord content;
        content.available = available;
        if (available) content.control = {{"127.0.0.1", 7473}};
        return presence_of(content, step);
    }

    RecordEnvelope presence_of(PresenceRecord const& content, std::uint64_t step = 500) {
        RecordEnvelope envelope;
        envelope.kind = RecordKind::presence;
        envelope.dht_key = presence_key(node);
        envelope.slot_owner = node;
        envelope.signer = node;
        envelope.seq = now * 1000 - step;
        envelope.issued = now;
        envelope.expires = now + limits::presence_ttl_seconds;
        envelope.slot_expires = envelope.expires;
        auto const body = encode_presence_record(content);
        return *seal_record(envelope, *body, presence_secret, node_key, chance);
    }

    /// The domain takes the slot back.
    RecordEnvelope revocation(std::uint64_t epoch = 2) {
        RecordEnvelope const sample = storage();
        RecordEnvelope envelope = draft();
        envelope.signer = PublicKey{};
        envelope.slot_epoch = epoch;
        envelope.slot_proof = sign_slot(domain_key, envelope.dht_key, envelope.signer,
                                        envelope.slot_epoch, envelope.slot_expires);
        envelope.sealed_body.assign(sample.sealed_body.size(), 0);
        Bytes covered = encode_record(envelope);
        covered.resize(covered.size() - 66);  // all but the signature, of which FORMATS.md tells
        covered[0] = 0x9c;
        envelope.signature = domain_key.sign("satchel-record-v1", covered);
        return envelope;
    }
};

}  // namespace satchel::testing
