// Header `Satchel-Device`: a user's device shows the user key, bound to this one TLS connection so
// that nobody can repeat it elsewhere (DESIGN: section 5). Bytes: transfer/PROTOCOL.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/keys.h"

namespace satchel::transfer {

/// `exporter`: the 32 bytes of the connection's TLS exporter.
std::string make_device_proof(SigningKey const& user_key, std::array<Byte, 32> const& exporter);

/// Fault::usage: not such a header. Fault::untrusted: the signature is not for this connection.
Result<UserKey> check_device_proof(std::string_view header, std::array<Byte, 32> const& exporter);

}  // namespace satchel::transfer
