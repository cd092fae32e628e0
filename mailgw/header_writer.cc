#include "mailgw/header_writer.h"

#include <algorithm>

#include "mailgw/mail_text.h"
#include "src/base/base64.h"
#include "src/core/utf8.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t line_characters_max = 76;
constexpr std::size_t word_characters_max = line_characters_max - 1;  // behind a fold's space
constexpr std::size_t encoded_word_octets = 30;  // 52 characters: fits behind a field name too
constexpr std::size_t section_characters = 50;   // of a value, per RFC 2231 continuation

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string quoted(std::string_view value) {
    std::string out = "\"";
    for (char const c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

std::string percent_encoded(std::string_view value) {
    constexpr char digits[] = "0123456789ABCDEF";
    constexpr std::string_view marks = "!#$&+-.^_`{|}~";  // attribute-char of RFC 2231 §7
    std::string out;
    for (char const c : value) {
        if (is_ascii_alphanumeric(c) || marks.find(c) != std::string_view::npos) {
            out += c;
        } else {
            auto const octet = static_cast<unsigned char>(c);
            out += {'%', digits[octet >> 4U], digits[octet & 15U]};
        }
    }
    return out;
}

/// At most `characters` from the start of percent-encoded text, no escape cut.
std::string_view percent_prefix(std::string_view text, std::size_t characters) {
    if (text.size() <= characters) return text;
    std::size_t const escape = text.substr(0, characters).find_last_of('%');
    if (escape != std::string_view::npos && characters - escape < 3) characters = escape;
    return text.substr(0, characters);
}

}  // namespace

std::string header_field(std::string_view name, std::vector<std::string> const& words) {
    std::string out = std::string(name) + ":";
    std::size_t column = out.size();
    for (std::size_t i = 0; i < words.size(); ++i) {
        bool const folds = i > 0 && column + 1 + words[i].size() > line_characters_max;
        if (folds) {
            out += "\r\n";
            column = 0;
        }
        out += ' ';
        out += words[i];
        column += 1 + words[i].size();
    }
    return out += "\r\n";
}

std::vector<std::string> parameter_words(std::string_view name, std::string_view value) {
    std::string const key(name);
    bool const plain = is_plain(value);
    std::string const whole =
        plain ? key + "=" + quoted(value) : key + "*=utf-8''" + percent_encoded(value);
    if (whole.size() < word_characters_max) return {whole};
    std::string const encoded = plain ? std::string(value) : percent_encoded(value);
    std::vector<std::string> words;
    for (std::string_view rest = encoded; !rest.empty();) {
        std::string_view const section = plain ? rest.substr(0, section_characters / 2)
                                               : percent_prefix(rest, section_characters);
        rest.remove_prefix(section.size());
        std::string word = key + "*" + std::to_string(words.size());
        if (plain) {
            word += "=" + quoted(section);
        } else {
            word += words.empty() ? "*=utf-8''" : "*=";
            word += section;
        }
        words.push_back(word + (rest.empty() ? "" : ";"));
    }
    return words;
}

std::vector<std::string> text_words(std::string_view text) {
    std::vector<std::string> words;
    bool encode = !is_plain(text) || text.find("=?") != std::string_view::npos;
    for (std::size_t at = 0; at < text.size() && !encode;) {
        std::size_t const space = std::min(text.find(' ', at + 1), text.size());
        words.emplace_back(text.substr(at, space - at));
        encode = words.back().size() > word_characters_max;
        at = space + 1;
    }
    if (!encode) return words;
    words.clear();
    while (!text.empty()) {
        std::string_view const piece = utf8_prefix(text, encoded_word_octets);
        if (piece.empty()) break;
        words.push_back("=?utf-8?B?" + to_base64(bytes_of(piece)) + "?=");
        text.remove_prefix(piece.size());
    }
    return words;
}

std::vector<std::string> sliced_words(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size(); at += word_characters_max)
        words.emplace_back(text.substr(at, word_characters_max));
    return words;
}

}  // namespace satchel::mailgw
