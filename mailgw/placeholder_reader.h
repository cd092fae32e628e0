// Finds the placeholders in a message file, and the bare references that replies and forwards keep
// of them. An own bounded scanner over lines: the file is whatever somebody was sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/reference.h"

namespace satchel::mailgw {

struct FoundPlaceholder {
    Reference reference;
    std::string part_id;                  ///< 32 hex digits; "" for a bare reference
    std::optional<Bytes> grant;           ///< age header
    std::optional<Bytes> sealed_restore;  ///< age file
    std::string name;    ///< as the text shows it, unverified and unsanitised; "" if it shows none
    unsigned layer = 1;  ///< which gateway on the way detached it, counted from the sender
};

/// A part that is a placeholder, and where it lies in the file.
struct PlaceholderPart {
    std::uint64_t begin = 0;  ///< first byte of its header block
    std::uint64_t end = 0;  ///< one past its body; the end of line before the boundary is not in it
    FoundPlaceholder found;
    std::string trouble;  ///< why nothing can be put in its place; "" if all is well
};

inline constexpr std::size_t placeholders_max = 1000;
inline constexpr unsigned layers_max = 16;
inline constexpr std::size_t name_in_text_octets_max = 1024;

/// The value of an X-Satchel-Part field, unfolded or not. Fault::corrupt if it is none of version
/// 1, or over a bound.
Result<FoundPlaceholder> parse_placeholder_field(std::string_view value);

/// In order of the file, each content id once, fields before bare references of the same. Empty if
/// there are none. References are found in plain, quoted-printable and base64 text parts. Fails
/// only when the file can't be read.
Result<std::vector<FoundPlaceholder>> read_placeholders(int fd);

/// Every part with an X-Satchel-Part field, in order of the file, none in another. Beyond
/// placeholders_max one more is told, with its trouble. Flat memory in the size of the file. Fails
/// only when the file can't be read.
Result<std::vector<PlaceholderPart>> find_placeholder_parts(int fd);

}  // namespace satchel::mailgw
