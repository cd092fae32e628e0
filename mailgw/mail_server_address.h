// Where a mail server is and how to speak to it, as written in `gateway.next_hop`.
#pragma once

#include <cstdint>
#include <string>

#include "mailgw/mail_protocol.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct MailServerAddress {
    enum class Security {
        none,
        starttls,  ///< TLS asked for in clear text, or no mail (RFC 3207)
        tls        ///< TLS from the first octet (RFC 8314 §3.3)
    };

    MailProtocol protocol = MailProtocol::smtp;
    Security security = Security::none;
    std::string host;         ///< name or IP address, without brackets; "" for a local socket
    std::uint16_t port = 0;   ///< 0 for a local socket
    std::string socket_path;  ///< "" unless a local socket
};

/// `smtp://host[:25]`, `smtps://host[:465]`, `smtp+starttls://host[:587]`, `lmtp://host:port`,
/// `lmtp+unix:///path`. Errors are Fault::config.
Result<MailServerAddress> parse_mail_server(std::string const& url);

}  // namespace satchel::mailgw
