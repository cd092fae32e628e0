// The lines we put above a message: Received (RFC 5321 §4.4) and our loop line. What stands below
// them is the message as it came.
#pragma once

#include <cstdint>
#include <string>

#include "mailgw/envelope.h"
#include "mailgw/smtp_session.h"

namespace satchel::mailgw {

struct TraceFacts {
    std::string helo;        ///< our name
    std::string id;          ///< in the spool
    std::string loop_token;  ///< ours, for this role
    std::uint64_t time = 0;  ///< Unix seconds
};

/// RFC 5322 §3.3, in UTC whatever the locale.
std::string date_text(std::uint64_t unix_seconds);

/// For a message that came by SMTP or LMTP.
std::string trace_lines(TraceFacts const& facts, SmtpPeer const& peer, Envelope const& envelope);

/// For a message submitted by `satchel send`.
std::string trace_lines(TraceFacts const& facts);

}  // namespace satchel::mailgw
