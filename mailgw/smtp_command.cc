#include "mailgw/smtp_command.h"

#include <algorithm>

#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

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
    return SmtpCommand{upper_case(line.substr(0, blank)), trimmed(rest)};
}

std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
    if (upper_case(argument.substr(0, keyword.size())) != upper_case(keyword)) return std::nullopt;
    return trimmed(argument.substr(keyword.size()));
}

}  // namespace satchel::mailgw
