// A command line of SMTP taken apart (RFC 5321 §4.1.1): verb, argument, and the keyword before a
// path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace satchel::mailgw {

struct SmtpCommand {
    std::string verb;           ///< in upper case
    std::string_view argument;  ///< without blanks around it; in the line that was read
};

/// `line` without its line end. None where it has control characters.
std::optional<SmtpCommand> read_command(std::string_view line);

/// What follows `keyword` in any case, such as the path after "FROM:", without blanks around it.
std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword);

}  // namespace satchel::mailgw
