#include "mailgw/trace_header.h"

#include <ctime>

#include "mailgw/header_watch.h"
#include "mailgw/mail_text.h"
#include "mailgw/xforward.h"

namespace satchel::mailgw {

std::string date_text(std::uint64_t unix_seconds) {
    static constexpr char const* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    char numbers[32];
    std::strftime(numbers, sizeof numbers, "%Y %H:%M:%S +0000", &parts);
    return std::string(days[parts.tm_wday]) + ", " + std::to_string(parts.tm_mday) + ' ' +
           months[parts.tm_mon] + ' ' + numbers;
}

namespace {

/// What others said about themselves, fit for a header line.
std::string harmless(std::string const& said) {
    std::string out;
    for (char c : said.substr(0, 255))
        out += c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '\\' && c != ';' ? c : '?';
    return out;
}

/// What stands between the brackets (RFC 5321 §4.1.3): an IPv6 address has a tag, as XFORWARD gives
/// it already.
std::string address_literal(std::string const& address) {
    bool const untagged = address.find(':') != std::string::npos &&
                          !equal_ignoring_case(address.substr(0, 5), "IPv6:");
    return untagged ? "IPv6:" + address : address;
}

/// RFC 3848, RFC 6531 §4.3.
char const* with_protocol(SmtpPeer const& peer, Envelope const& envelope) {
    if (peer.protocol == MailProtocol::lmtp) return envelope.smtputf8 ? "UTF8LMTP" : "LMTP";
    if (envelope.smtputf8) return "UTF8SMTP";
    return peer.esmtp ? "ESMTP" : "SMTP";
}

std::string closing_lines(TraceFacts const& facts) {
    return ";\r\n\t" + date_text(facts.time) + "\r\n" + loop_field + ": " + facts.loop_token +
           "\r\n";
}

}  // namespace

std::string trace_lines(TraceFacts const& facts, SmtpPeer const& peer, Envelope const& envelope) {
    // Behind Postfix the client worth naming is Postfix's own.
    auto helo = xforward_value(envelope.xforward, "HELO");
    auto name = xforward_value(envelope.xforward, "NAME");
    auto address = xforward_value(envelope.xforward, "ADDR");
    if (address.empty()) {
        helo = peer.helo;
        address = peer.ip;
    }
    if (helo.empty()) helo = name.empty() ? "unknown" : name;
    if (name.empty()) name = "unknown";
    std::string out = "Received: from " + harmless(helo) + " (" + harmless(name) + " [" +
                      harmless(address_literal(address)) + "])\r\n\tby " + harmless(facts.helo) +
                      " (Satchel) with " + with_protocol(peer, envelope) + " id " + facts.id;
    // Named only where it tells no recipient of another.
    bool const nameable =
        envelope.recipients.size() == 1 && is_ascii(envelope.recipients[0].address);
    if (nameable) out += "\r\n\tfor <" + envelope.recipients[0].address + '>';
    return out + closing_lines(facts);
}

std::string trace_lines(TraceFacts const& facts) {
    return "Received: by " + harmless(facts.helo) + " (Satchel, local submission)\r\n\tid " +
           facts.id + closing_lines(facts);
}

}  // namespace satchel::mailgw
