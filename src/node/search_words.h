// How texts are compared in a search: without regard to case, word by word.
#pragma once

#include <array>
#include <string>

namespace satchel::node {

/// For comparison without regard to case; by the process's LC_CTYPE.
std::string folded(std::string const& text);

using SearchWords = std::array<std::string, 4>;

/// Folded. The rest is passed over; "" where there are fewer.
SearchWords search_words_in(std::string const& text);

}  // namespace satchel::node
