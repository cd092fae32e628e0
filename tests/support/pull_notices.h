// Pull notices for a user's node, and such as strangers make.
#pragma once

#include <string>

#include "src/core/pull_notice.h"
#include "tests/support/storage_user.h"

namespace satchel::testing {

/// Of offer number `number`.
inline PullNotice notice_of(std::uint64_t now_seconds, unsigned number) {
    SeededRandomness chance("offer " + std::to_string(number));
    PullNotice notice;
    notice.offer = OfferId{chance.array<16>()};
    notice.content_id = ContentId{chance.array<32>()};
    notice.size = 1'000 + number;
    notice.sender = NodeKey(SigningKey::generate(chance).public_key());
    notice.control = {{"127.0.0.1", 7473}};
    notice.expires = now_seconds + 3'600;
    return notice;
}

/// Always the same throw-away key for one number.
inline RecordEnvelope sample_notice(StorageUser const& user, unsigned number) {
    SeededRandomness chance("notice " + std::to_string(number));
    return *seal_notice(notice_of(user.now, number), user.node, user.now * 1000, chance);
}

/// Changed by who has its throw-away key, here of sample_notice() number 1: work and signature are
/// done anew.
template <class Change>
RecordEnvelope resigned(RecordEnvelope record, Change change) {
    SeededRandomness chance("notice 1");
    SigningKey const signer = SigningKey::generate(chance);
    record.seq -= 10;
    change(record);
    while (!work_proof_holds(record))
        ++record.slot_epoch;
    record.signature = sign_record(record, signer);
    return record;
}

}  // namespace satchel::testing
