// Body of `PUT /v1/records`: a user's records, for the incoming gateway to keep alive while the
// user's nodes are off. Bytes: transfer/PROTOCOL.md.
#pragma once

#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/record_envelope.h"

namespace satchel::transfer {

struct RecordsToKeep {
    Address address;                      ///< whose storage records they are, or whose nodes'
    std::vector<RecordEnvelope> records;  ///< at most control_limits::records_at_once
};

Bytes encode_records(RecordsToKeep const& keep);
/// Form alone: nothing is verified yet.
Result<RecordsToKeep> decode_records(ByteSpan body);

}  // namespace satchel::transfer
