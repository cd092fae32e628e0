// The mailbox in MAIL FROM:<…> and RCPT TO:<…>: quoted local parts, address literals, UTF-8, and
// source routes, which are left out (RFC 5321 §4.1.2, §3.6.1; RFC 6531 §3.3).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "src/base/result.h"

namespace satchel::mailgw {

struct SmtpPath {
    std::string mailbox;   ///< as written, without brackets and route; "" is the null path
    std::size_t used = 0;  ///< octets read, up to and with the closing bracket
    bool ascii = true;
};

/// `text` begins with "<". Errors are Fault::usage (not a path) and Fault::too_large.
Result<SmtpPath> parse_smtp_path(std::string_view text);

/// RFC 3461 §4: printable ASCII without "+" and "=", or "+" and two upper-case hex digits.
/// Domains are the same in any case, local parts are not (RFC 5321 §2.4).
bool is_same_mailbox(std::string_view a, std::string_view b);

bool is_xtext(std::string_view text);

/// What xtext stands for. Malformed escapes stay as they are.
std::string decode_xtext(std::string_view text);

}  // namespace satchel::mailgw
