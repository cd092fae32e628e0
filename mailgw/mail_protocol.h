// The two protocols that carry mail: SMTP (RFC 5321), and LMTP (RFC 2033), which has a reply per
// recipient after the data.
#pragma once

namespace satchel::mailgw {

enum class MailProtocol { smtp, lmtp };

}  // namespace satchel::mailgw
