#include "dht/record_filter.h"

#include <algorithm>

namespace satchel::location {
namespace {

tl::unexpected<Error> untrusted(char const* why) {
    return fail(Fault::untrusted, why);
}

bool is_revocation(RecordEnvelope const& envelope) {
    return envelope.signer == PublicKey{};
}

/// The slot's owner and, where a key is pinned, the signer: known before the body is opened.
Result<Trust> vouched_by(RecordEnvelope const& envelope, TrustInputs const& inputs) {
    bool const owned_by_domain =
        std::any_of(inputs.domain_keys.begin(), inputs.domain_keys.end(),
                    [&](DomainKey const& key) { return key == envelope.slot_owner; });
    if (is_revocation(envelope)) {
        if (!owned_by_domain) return untrusted("revoked by a key that is not the domain's");
        return Trust::domain;
    }
    if (inputs.pinned) {
        if (envelope.signer != *inputs.pinned)
            return untrusted("signed by another user key than the one pinned in the contact list");
        if (!envelope.self_owned() && !owned_by_domain)
            return untrusted("in the slot of a domain key that is not this domain's");
        return Trust::pinned;
    }
    if (owned_by_domain) return Trust::domain;
    if (inputs.first_seen && envelope.self_owned()) {
        if (envelope.signer == *inputs.first_seen) return Trust::first_seen;
        return untrusted("signed by another user key than the one seen first");
    }
    return untrusted("in the slot of a key that is not one of the domain's keys");
}

/// What the domain must have said for level `domain`.
Status bound(Binding const& binding, RecordEnvelope const& envelope, std::uint64_t now_seconds) {
    if (binding.domain_key != envelope.slot_owner)
        return untrusted("the binding is of another domain key than the slot");
    if (binding.user_key != envelope.signer)
        return untrusted("the binding is for another user key than the one that signed");
    if (binding.slot_epoch != envelope.slot_epoch)
        return untrusted("the binding is of another slot epoch");
    if (binding.expires <= now_seconds) return untrusted("the binding has expired");
    if (!binding.signature_holds()) return untrusted("the domain key did not sign the binding");
    return {};
}

}  // namespace

Result<StorageFinding> believe_storage(RecordEnvelope const& envelope, SealKey const& seal,
                                       Address const& asked, TrustInputs const& inputs,
                                       std::uint64_t now_seconds) {
    if (envelope.kind != RecordKind::storage) return fail(Fault::corrupt, "not a storage record");
    auto const trust = vouched_by(envelope, inputs);
    if (!trust) return fail(trust.error());
    if (is_revocation(envelope))
        return StorageFinding{StorageFinding::State::revoked, *trust, envelope, std::nullopt};

    auto const body = open_record(envelope, seal);
    if (!body) return fail(body.error());
    EnvelopeFacts const facts{UserKey(envelope.signer), DomainKey(envelope.slot_owner),
                              envelope.slot_epoch, envelope.slot_expires};
    auto record = decode_storage_record(*body, facts);
    if (!record) return fail(record.error());

    if (record->address != asked) return untrusted("the record names another address");
    if (record->binding) {
        if (record->binding->address != asked)
            return untrusted("the binding names another address");
        if (record->binding->age_recipient != record->age_recipient)
            return untrusted("record and binding name different age recipients");
    }
    if (*trust == Trust::domain) {
        if (!record->binding) return untrusted("no binding: the domain does not vouch for it");
        if (auto said = bound(*record->binding, envelope, now_seconds); !said)
            return fail(said.error());
    }
    auto const state =
        record->nodes.empty() ? StorageFinding::State::withdrawn : StorageFinding::State::stores;
    return StorageFinding{state, *trust, envelope, std::move(*record)};
}

Result<PresenceRecord> believe_presence(RecordEnvelope const& envelope, StorageNode const& node) {
    if (envelope.kind != RecordKind::presence || envelope.signer != node.node_key ||
        !envelope.self_owned())
        return fail(Fault::untrusted, "not signed by the node itself");
    auto const body = open_record(envelope, node.presence_secret);
    if (!body) return fail(body.error());
    return decode_presence_record(*body);
}

}  // namespace satchel::location
