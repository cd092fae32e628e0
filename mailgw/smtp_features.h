// What a mail server announced in reply to EHLO or LHLO.
#pragma once

#include <cstdint>
#include <string>

namespace satchel::mailgw {

struct SmtpFeatures {
    bool pipelining = false;
    bool eight_bit_mime = false;
    bool smtputf8 = false;
    bool dsn = false;
    bool xforward = false;
    bool starttls = false;
    bool auth_plain = false;
    bool auth_login = false;
    bool size = false;
    std::uint64_t size_max = 0;  ///< bytes, 0 unknown
};

/// `text` as SmtpReply has it. What is unknown, or no keyword at all, is passed over.
SmtpFeatures read_ehlo_reply(std::string const& text);

}  // namespace satchel::mailgw
