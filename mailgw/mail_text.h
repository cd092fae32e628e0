// ASCII as header fields use it: case, white space, character classes, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace satchel::mailgw {

constexpr char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

constexpr bool is_ascii_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (lower_case(c) >= 'a' && lower_case(c) <= 'z');
}

bool equal_ignoring_case(std::string_view a, std::string_view b);
bool ends_ignoring_case(std::string_view text, std::string_view end);

/// Without spaces, tabs, CR and LF at both ends.
std::string_view trimmed(std::string_view text);

bool is_ascii(std::string_view text);

}  // namespace satchel::mailgw
