// What travels beside a message: who sent it, to whom, and the ESMTP parameters that must survive
// the way (RFC 5321 §3.3, RFC 3461, RFC 6152, RFC 6531).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace satchel::mailgw {

enum class BodyType { unspecified = 0, seven_bit = 1, eight_bit_mime = 2 };

/// Which way a message goes: each side has its own listener and its own next hop.
enum class Side {
    outbound = 0,  ///< written here, on its way out (SMTP)
    inbound = 1    ///< from elsewhere, on its way into a mailbox (LMTP)
};

struct EnvelopeRecipient {
    std::string address;  ///< as it came, without brackets and source route
    std::string notify;   ///< DSN NOTIFY as it came, "" if none
    std::string orcpt;    ///< DSN ORCPT as it came (xtext), "" if none
};

struct Envelope {
    Side side = Side::outbound;
    std::string sender;  ///< as it came, without brackets; "" is the null sender
    std::vector<EnvelopeRecipient> recipients;
    BodyType body = BodyType::unspecified;
    bool smtputf8 = false;
    std::string ret;         ///< DSN RET, "" if none
    std::string envid;       ///< DSN ENVID (xtext), "" if none
    std::string xforward;    ///< attributes of the last XFORWARD, "NAME=… ADDR=…", "" if none
    std::string trace;       ///< header lines to prepend on the way out, each with CRLF
    bool eight_bit = false;  ///< the content has octets over 127
    bool eight_bit_header = false;  ///< its header section has
};

}  // namespace satchel::mailgw
