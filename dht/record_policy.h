// What a storing node accepts: pure decisions over bytes that strangers send.
#pragma once

#include <cstdint>
#include <optional>

#include "dht/location_service.h"
#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::location {

/// Type ids of our values in OpenDHT: 0x5a00 and the kind. A node refuses all others.
inline constexpr std::uint16_t value_type_base = 0x5a00;

constexpr std::uint16_t value_type(RecordKind kind) {
    return static_cast<std::uint16_t>(value_type_base + static_cast<unsigned>(kind));
}

/// How long a storing node keeps a value after it was put, in seconds.
std::uint64_t storing_seconds(RecordKind kind);

/// Where a record belongs by its own words.
RecordPlace place_of(RecordEnvelope const& record);

/// A record that may be stored at `place`: its size, form, signatures and times are right, and
/// kind, key and value id are its own.
Result<RecordEnvelope> admit_record(RecordPlace const& place, ByteSpan bytes,
                                    std::uint64_t now_seconds);

/// A record that may take the place of `held`: admitted, and later in the order of the slot.
Result<RecordEnvelope> admit_edit(RecordPlace const& place, ByteSpan held, ByteSpan candidate,
                                  std::uint64_t now_seconds);

}  // namespace satchel::location
