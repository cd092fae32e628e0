// The newest record that this reader believed per slot: nobody can roll it back, and it counts
// until it expires where the DHT gives no answer.
#pragma once

#include "dht/location_service.h"
#include "dht/lru_map.h"
#include "dht/record_policy.h"

namespace satchel::location {

class SeenRecords {
public:
    explicit SeenRecords(std::size_t max = 4'096)
        : newest_(max) {}

    /// Fault::refused: an older one than was seen already.
    Status allows(RecordEnvelope const& record) {
        RecordEnvelope const* const seen = newest_.find(place_of(record));
        if (seen == nullptr || *seen == record || supersedes(record, *seen)) return {};
        return fail(Fault::refused, "an older record than one seen before");
    }

    void remember(RecordEnvelope const& record) {
        if (allows(record)) newest_.put(place_of(record), record);
    }

    /// None, or one that has not expired yet; valid until the next call.
    RecordEnvelope const* living(RecordPlace const& place, std::uint64_t now_seconds) {
        RecordEnvelope const* const seen = newest_.find(place);
        return seen != nullptr && seen->expires > now_seconds ? seen : nullptr;
    }

private:
    LruMap<RecordPlace, RecordEnvelope> newest_;
};

}  // namespace satchel::location
