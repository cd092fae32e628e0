// What DNS carries for a TXT record (RFC 1035 §3.3.14): strings, each behind a byte that tells its
// length. Pure.
#pragma once

#include <optional>
#include <string>

#include "src/base/bytes.h"

namespace satchel::location {

/// The strings joined, without anything between them. None: malformed, or over
/// twice limits::domain_record_octets.
std::optional<std::string> joined_strings(ByteSpan rdata);

}  // namespace satchel::location
