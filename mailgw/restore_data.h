// What `restore` needs to rebuild a detached part byte for byte: sealed for the recipient in the
// placeholder's `restore=`. Bytes: mailgw/FORMATS.md, "Restore data".
#pragma once

#include <cstdint>
#include <string>

#include "mailgw/base64_shape.h"
#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/core/limits.h"

namespace satchel::mailgw {

struct RestoreData {
    enum class Mode : std::uint8_t {
        base64 = 0,   ///< the body is the content, encoded in `shape`
        verbatim = 1  ///< the body is the content
    };

    Mode mode = Mode::base64;
    std::string header_block;       ///< of the part, with the blank line that ends it
    std::string transfer_encoding;  ///< its Content-Transfer-Encoding, lower case; "" if none
    Base64Shape shape;              ///< mode base64
    std::uint64_t content_bytes = 0;
    Sha256Digest content_sha256{};
    std::uint64_t body_bytes = 0;  ///< of the part as it stood in the message, without header block
    Sha256Digest body_sha256{};
    std::uint64_t message_bytes = 0;  ///< of the original message, as the gateway took it
    Sha256Digest message_sha256{};

    friend bool operator==(RestoreData const&, RestoreData const&) = default;
};

/// An age file with one X25519 stanza adds about 250 octets.
inline constexpr std::size_t restore_data_bytes_max = limits::restore_bytes - 512;
inline constexpr std::size_t header_block_octets_max = 6 * 1024;

/// May come out longer than restore_data_bytes_max: then the part must stay.
Bytes encode_restore_data(RestoreData const& data);

/// Fault::corrupt for what encode_restore_data would not have written; keys it does not know are
/// passed over.
Result<RestoreData> decode_restore_data(ByteSpan bytes);

}  // namespace satchel::mailgw
