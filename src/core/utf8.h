// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <string>
#include <string_view>

namespace satchel {

/// Octets of the character that starts `text`; 0 where none does. `text` may be empty.
std::size_t utf8_character_octets(std::string_view text);

bool is_utf8(std::string_view text);

/// `text`, with U+FFFD for each octet that belongs to no character.
std::string to_utf8(std::string_view text);

/// The longest start of `text` (UTF-8) that has at most `max_octets` and cuts no character.
std::string_view utf8_prefix(std::string_view text, std::size_t max_octets);

}  // namespace satchel
