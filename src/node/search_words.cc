#include "src/node/search_words.h"

#include <algorithm>
#include <cstdint>
#include <cwctype>
#include <string_view>

#include "src/core/utf8.h"

namespace satchel::node {

namespace {

void append_utf8(std::string& out, std::uint32_t c) {
    auto const put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
    if (c < 0x80) return put(c);
    if (c < 0x800) {
        put(0xc0U | c >> 6U);
    } else if (c < 0x10000) {
        put(0xe0U | c >> 12U);
        put(0x80U | (c >> 6U & 0x3fU));
    } else {
        put(0xf0U | c >> 18U);
        put(0x80U | (c >> 12U & 0x3fU));
        put(0x80U | (c >> 6U & 0x3fU));
    }
    put(0x80U | (c & 0x3fU));
}

}  // namespace

std::string folded(std::string const& text) {
    std::string const whole = to_utf8(text);
    std::string out;
    for (std::size_t at = 0; at < whole.size();) {
        std::string_view const rest = std::string_view(whole).substr(at);
        std::size_t const octets = std::max<std::size_t>(1, utf8_character_octets(rest));
        std::uint32_t c = static_cast<unsigned char>(rest[0]);
        if (octets > 1) c &= 0xffU >> (octets + 1);
        for (std::size_t i = 1; i < octets; ++i)
            c = c << 6U | (static_cast<unsigned char>(rest[i]) & 0x3fU);
        append_utf8(out, static_cast<std::uint32_t>(std::towlower(static_cast<wint_t>(c))));
        at += octets;
    }
    return out;
}

SearchWords search_words_in(std::string const& text) {
    SearchWords words;
    std::size_t found = 0;
    for (char const c : folded(text)) {
        if (c != ' ' && c != '\t' && c != '\n') {
            if (found < words.size()) words[found] += c;
        } else if (found < words.size() && !words[found].empty()) {
            ++found;
        }
    }
    return words;
}

}  // namespace satchel::node
