#include "mailgw/smtp_path.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "mailgw/mail_text.h"
#include "src/base/bytes.h"
#include "src/core/limits.h"
#include "src/core/utf8.h"

namespace satchel::mailgw {

namespace {

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_high(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}

/// atext of RFC 5322 §3.2.3, and dots anywhere: `a..b@` exists in the wild.
bool is_local_char(char c) {
    return is_alnum(c) || is_high(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

bool is_domain_char(char c) {
    return is_alnum(c) || is_high(c) || c == '-' || c == '.' || c == '_';
}

bool is_hex_upper(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

auto not_a_path(char const* what) {
    return fail(Fault::usage, what);
}

/// Where the quoted string that starts at `at` ends (one past the quote), or 0.
std::size_t end_of_quoted(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        char const c = text[at];
        if (c == '"') return at + 1;
        if (c == '\\' && ++at == text.size()) return 0;
        if (static_cast<unsigned char>(text[at]) < 0x20 || text[at] == 0x7f) return 0;
    }
    return 0;
}

/// RFC 5321 §4.1.3: IPv4, IPv6 with its tag, or another tag that is not known here.
bool is_address_literal(std::string_view text) {
    constexpr std::string_view ipv6_tag = "IPv6:";
    std::string const address(text);
    std::array<Byte, 16> ignored{};
    if (equal_ignoring_case(text.substr(0, ipv6_tag.size()), ipv6_tag))
        return ::inet_pton(AF_INET6, address.c_str() + ipv6_tag.size(), ignored.data()) == 1;
    auto const colon = text.find(':');
    if (colon == std::string_view::npos)
        return ::inet_pton(AF_INET, address.c_str(), ignored.data()) == 1;
    bool const tagged = colon > 0 && colon + 1 < text.size();
    return tagged && std::all_of(text.begin(), text.end(), [](char c) {
               return is_alnum(c) || c == '.' || c == ':' || c == '-';
           });
}

std::size_t end_of_domain(std::string_view text, std::size_t at) {
    std::size_t const begin = at;
    if (at < text.size() && text[at] == '[') {
        auto const close = text.find(']', at);
        if (close == std::string_view::npos) return 0;
        return is_address_literal(text.substr(at + 1, close - at - 1)) ? close + 1 : 0;
    }
    while (at < text.size() && is_domain_char(text[at]))
        ++at;
    bool const bad = at == begin || text[begin] == '.' || text[at - 1] == '.' ||
                     text.substr(begin, at - begin).find("..") != std::string_view::npos;
    return bad ? 0 : at;
}

/// Skips `@one,@two:`; gives where the mailbox starts, or 0 where the route is broken.
std::size_t end_of_route(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] == '@') {
        at = end_of_domain(text, at + 1);
        if (at == 0 || at == text.size()) return 0;
        if (text[at] == ':') return at + 1;
        if (text[at] != ',') return 0;
        ++at;
    }
    return 0;
}

}  // namespace

Result<SmtpPath> parse_smtp_path(std::string_view text) {
    if (!text.starts_with('<')) return not_a_path("an address stands in angle brackets");
    if (text.starts_with("<>")) return SmtpPath{"", 2, true};
    std::size_t at = 1;
    if (text.size() > 1 && text[1] == '@') {
        at = end_of_route(text, 1);
        if (at == 0) return not_a_path("broken source route");
    }
    std::size_t const begin = at;
    if (at < text.size() && text[at] == '"') {
        at = end_of_quoted(text, at);
        if (at == 0) return not_a_path("broken quoted local part");
    } else {
        while (at < text.size() && is_local_char(text[at]))
            ++at;
    }
    if (at == begin) return not_a_path("no local part");
    if (at < text.size() && text[at] == '@') {
        at = end_of_domain(text, at + 1);
        if (at == 0) return not_a_path("broken domain");
    }
    if (at >= text.size() || text[at] != '>') return not_a_path("not an address");
    // Local parts over 64 octets are common in bounce addresses, hence one bound for the whole. A
    // quoted one may be twice as long as what it stands for.
    std::size_t const quoting = text[begin] == '"' ? limits::local_part_octets + 2 : 0;
    std::string mailbox(text.substr(begin, at - begin));
    if (mailbox.size() > limits::address_octets + quoting) {
        return fail(Fault::too_large, "address too long");
    }
    bool ascii = true;
    for (char c : mailbox)
        ascii = ascii && !is_high(c);
    if (!is_utf8(mailbox)) return not_a_path("not UTF-8");
    return SmtpPath{std::move(mailbox), at + 1, ascii};
}

bool is_same_mailbox(std::string_view a, std::string_view b) {
    auto const at = a.rfind('@');
    return at == b.rfind('@') && a.substr(0, at) == b.substr(0, at) && equal_ignoring_case(a, b);
}

bool is_xtext(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        char const c = text[at];
        if (c == '+') {
            if (text.size() - at < 3 || !is_hex_upper(text[at + 1]) || !is_hex_upper(text[at + 2]))
                return false;
            at += 2;
        } else if (c < '!' || c > '~' || c == '=') {
            return false;
        }
    }
    return true;
}

std::string decode_xtext(std::string_view text) {
    auto const digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        bool const escape = text[at] == '+' && text.size() - at >= 3 &&
                            is_hex_upper(text[at + 1]) && is_hex_upper(text[at + 2]);
        if (escape) {
            out += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
            at += 2;
        } else {
            out += text[at];
        }
    }
    return out;
}

}  // namespace satchel::mailgw
