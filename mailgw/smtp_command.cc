#include "mailgw/smtp_command.h"

#include <algorithm>

namespace satchel::mailgw {

namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
}

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        auto const code = static_cast<unsigned char>(c);
        return (code < 0x20 && c != '\t') || code == 0x7f;
    });
}

}  // namespace

std::optional<SmtpCommand> read_command(std::string_view line) {
    if (has_control_character(line)) return std::nullopt;
    auto const blank = line.find(' ');
    auto const rest = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
    return SmtpCommand{upper(line.substr(0, blank)), trimmed(rest)};
}

std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
    if (upper(argument.substr(0, keyword.size())) != upper(keyword)) return std::nullopt;
    return trimmed(argument.substr(keyword.size()));
}

}  // namespace satchel::mailgw
