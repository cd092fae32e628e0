// Body of a presence record: where a node can be reached now, and whether it is available.
// Bytes: src/core/FORMATS.md, "Presence record".
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel {

struct PresenceRecord {
    bool available = false;
    std::vector<Endpoint> control{};     ///< at most 4
    std::vector<Endpoint> swarm{};       ///< at most 4
    std::uint32_t free_space_class = 0;  ///< floor(log2(free bytes)), 0 if none
    bool pull_only = false;

    friend bool operator==(PresenceRecord const&, PresenceRecord const&) = default;
};

Result<Bytes> encode_presence_record(PresenceRecord const& record);
Result<PresenceRecord> decode_presence_record(ByteSpan body);

}  // namespace satchel
