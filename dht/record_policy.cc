#include "dht/record_policy.h"

#include "src/core/binding.h"
#include "src/core/limits.h"

namespace satchel::location {

std::uint64_t storing_seconds(RecordKind kind) {
    switch (kind) {
        case RecordKind::storage:
            return limits::storage_dht_ttl_seconds;
        case RecordKind::presence:
            return limits::presence_ttl_seconds;
        case RecordKind::pull_notice:
            return limits::pull_notice_ttl_seconds;
    }
    return 0;
}

RecordPlace place_of(RecordEnvelope const& record) {
    return {record.dht_key, record.kind, slot_id(record.slot_owner)};
}

Result<RecordEnvelope> admit_record(RecordPlace const& place, ByteSpan bytes,
                                    std::uint64_t now_seconds) {
    // Cheap checks first: a signature costs a hundred times as much as all of them.
    if (bytes.size() != encoded_bytes(place.kind))
        return fail(Fault::corrupt, "not the constant length of its kind");
    auto record = decode_record(bytes);
    if (!record) return record;
    if (record->kind != place.kind) return fail(Fault::corrupt, "of another kind than its type");
    if (slot_id(record->slot_owner) != place.slot)
        return fail(Fault::corrupt, "in a slot that its owner does not own");
    if (record->kind == RecordKind::presence) {
        if (!record->self_owned())
            return fail(Fault::corrupt, "a presence that is not its node's own");
        if (record->dht_key != presence_key(NodeKey(record->signer)))
            return fail(Fault::corrupt, "a presence at another node's key");
    }
    if (auto valid = check_record(*record, place.key, now_seconds); !valid)
        return fail(valid.error());
    return record;
}

Result<RecordEnvelope> admit_edit(RecordPlace const& place, ByteSpan held, ByteSpan candidate,
                                  std::uint64_t now_seconds) {
    auto const old = decode_record(held);
    // What is no record of ours (nobody but this node itself could have put it) gives way.
    if (!old) return admit_record(place, candidate, now_seconds);
    auto record = decode_record(candidate);
    if (!record) return record;
    if (place.kind == RecordKind::pull_notice)
        return fail(Fault::refused, "a pull notice is never edited");
    if (!supersedes(*record, *old)) return fail(Fault::refused, "not newer than the record held");
    return admit_record(place, candidate, now_seconds);
}

}  // namespace satchel::location
