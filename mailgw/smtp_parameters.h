// The ESMTP parameters of MAIL and RCPT: SIZE, BODY, SMTPUTF8, RET, ENVID, NOTIFY, ORCPT
// (RFC 1870, RFC 6152, RFC 6531, RFC 3461). Kept as they came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mailgw/envelope.h"

namespace satchel::mailgw {

/// What was announced to this client.
struct SmtpExtensions {
    bool esmtp = false;  ///< EHLO was said
    bool smtputf8 = false;
    bool dsn = false;
};

/// The complete reply for what is wrong, none where all is well.
using SmtpRefusal = std::optional<std::string>;

struct MailParameters {
    std::optional<std::uint64_t> size;  ///< bytes
    BodyType body = BodyType::unspecified;
    bool smtputf8 = false;
    std::string ret;
    std::string envid;
};

/// `text` is what follows the path, with its leading blank.
SmtpRefusal read_mail_parameters(std::string_view text, SmtpExtensions const& offered,
                                 MailParameters& into);

SmtpRefusal read_rcpt_parameters(std::string_view text, SmtpExtensions const& offered,
                                 EnvelopeRecipient& into);

}  // namespace satchel::mailgw
