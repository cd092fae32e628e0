// Quoted-printable of RFC 2045 §6.7, for texts of a few lines.
#pragma once

#include <string>
#include <string_view>

namespace satchel::mailgw {

/// `text` has CRLF between lines. Lines come out at most 76 characters long.
std::string to_quoted_printable(std::string_view text);

/// Decodes one line without its end of line. `soft` is set if the line goes on in the next one.
/// What no encoder writes stays as it is.
std::string from_quoted_printable_line(std::string_view line, bool& soft);

}  // namespace satchel::mailgw
