// Writes header fields that any mail program reads: folded at 76, other than ASCII encoded, nothing
// in them that could end a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace satchel::mailgw {

/// One field with its CRLF. Words are joined by spaces, and by line folds where a line would pass
/// 76 characters (RFC 5322 §2.2.3).
std::string header_field(std::string_view name, std::vector<std::string> const& words);

/// A parameter of a structured field, in one word or several: `name="x"`, or RFC 2231 where it is
/// not ASCII or too long for a line. `value` is UTF-8. No word ends in a semicolon but between
/// its own.
std::vector<std::string> parameter_words(std::string_view name, std::string_view value);

/// Words of an unstructured field: as they are where ASCII suffices, else encoded words (RFC 2047).
/// `text` is UTF-8.
std::vector<std::string> text_words(std::string_view text);

/// `text` cut into words that fill a line each, for values in which white space means nothing.
std::vector<std::string> sliced_words(std::string_view text);

}  // namespace satchel::mailgw
