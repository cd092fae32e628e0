#include "src/core/address.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>

#include "src/core/a_labels.h"
#include "src/core/limits.h"
#include "src/core/utf8.h"

namespace satchel {

namespace {

/// Longer than any address that could be valid: U-labels shrink or grow, quoted pairs double.
constexpr std::size_t input_octets = 1'024;
constexpr std::size_t label_octets = 63;    // RFC 1035 §2.3.4
constexpr std::size_t domain_octets = 253;  // RFC 1035 §2.3.4, as text without the root dot

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

/// RFC 5322 §3.2.3 atext, and what RFC 6532 §3.2 adds.
bool is_atom_character(char c) {
    constexpr std::string_view specials = "!#$%&'*+-/=?^_`{|}~";
    return !is_ascii(c) || is_letter_or_digit(c) || specials.find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
    if (text.empty() || text.front() == '.' || text.back() == '.') return false;
    if (text.find("..") != std::string_view::npos) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '.' || is_atom_character(c); });
}

/// C0, DEL and C1 (in UTF-8: C2 80 to C2 9F).
bool has_control_character(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const octet = static_cast<unsigned char>(text[i]);
        if (octet < 0x20 || octet == 0x7f) return true;
        if (octet == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
            return true;
    }
    return false;
}

/// LDH labels (RFC 5321 §4.1.2). An underscore passes: mail servers take such names, and a gateway
/// in front of them must not refuse more than they do.
bool is_host_name(std::string_view domain) {
    if (domain.empty() || domain.size() > domain_octets) return false;
    for (;;) {
        auto const dot = domain.find('.');
        auto const label = domain.substr(0, dot);
        if (label.empty() || label.size() > label_octets) return false;
        if (label.front() == '-' || label.back() == '-') return false;
        for (char c : label)
            if (!is_letter_or_digit(c) && c != '-' && c != '_') return false;
        if (dot == std::string_view::npos) return true;
        domain.remove_prefix(dot + 1);
    }
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3), the IP address in canonical text.
Result<std::string> normal_literal(std::string_view domain) {
    constexpr std::string_view tag = "[ipv6:";
    std::string const text = lower(domain);
    if (text.size() > 2 && text.back() == ']') {
        bool const six = text.starts_with(tag);
        std::size_t const begin = six ? tag.size() : 1;
        std::string const ip = text.substr(begin, text.size() - begin - 1);
        std::array<unsigned char, 16> raw{};
        std::array<char, INET6_ADDRSTRLEN> canonical{};
        int const family = six ? AF_INET6 : AF_INET;
        if (inet_pton(family, ip.c_str(), raw.data()) == 1 && ip.find('\0') == std::string::npos) {
            inet_ntop(family, raw.data(), canonical.data(), canonical.size());
            return (six ? "[IPv6:" : "[") + std::string(canonical.data()) + ']';
        }
    }
    return fail(Fault::usage, "not an address literal such as [192.0.2.1] or [IPv6:2001:db8::1]");
}

std::string quoted(std::string_view local) {
    std::string out = "\"";
    for (char c : local) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

struct Halves {
    std::string local;  ///< unquoted
    std::string_view domain;
};

/// A quoted local part (RFC 5321 §4.1.2) and what follows its `@`.
Result<Halves> split_quoted(std::string_view text) {
    Halves halves;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            if (i + 1 >= text.size() || text[i + 1] != '@')
                return fail(Fault::usage, "no @domain after the quoted local part");
            halves.domain = text.substr(i + 2);
            return halves;
        }
        if (text[i] == '\\' && ++i == text.size()) break;
        halves.local += text[i];
    }
    return fail(Fault::usage, "a quoted local part without its closing quote");
}

Result<Halves> split_plain(std::string_view text) {
    auto const at = text.find('@');
    if (at == std::string_view::npos) return fail(Fault::usage, "no @domain");
    Halves halves{std::string(text.substr(0, at)), text.substr(at + 1)};
    if (halves.local.empty()) return fail(Fault::usage, "nothing before the @");
    // Dots at odd places are against RFC 5321, but mailboxes with them exist: the normal form
    // quotes them.
    for (char c : halves.local) {
        if (c != '.' && !is_atom_character(c)) {
            return fail(Fault::usage,
                        std::string("'") + c + "' in a local part that is not quoted");
        }
    }
    return halves;
}

}  // namespace

Result<std::string> normal_domain(std::string_view domain) {
    if (domain.size() > input_octets) return fail(Fault::usage, "domain is too long");
    if (domain.ends_with('.')) domain.remove_suffix(1);
    std::string name = lower(domain);
    bool const ascii = std::all_of(name.begin(), name.end(), is_ascii);
    bool const encoded = name.starts_with("xn--") || name.find(".xn--") != std::string::npos;
    // It goes through a C string.
    if (name.find('\0') == std::string::npos && (!ascii || encoded)) {
        auto const a_labels = to_a_labels(name);
        if (!a_labels) return fail(a_labels.error());
        name = lower(*a_labels);
    }
    if (!is_host_name(name)) {
        return fail(Fault::usage,
                    "not a valid domain: letters, digits and hyphens in labels of 1 to 63, 253 "
                    "octets in all");
    }
    return name;
}

Address::Address(std::string local, std::string domain)
    : local_(std::move(local))
    , domain_(std::move(domain))
    , text_((is_dot_atom(local_) ? local_ : quoted(local_)) + '@' + domain_) {}

Result<Address> Address::parse(std::string_view text) {
    auto const refuse = [](std::string const& why, Fault fault = Fault::usage) {
        return fail(fault, "not an e-mail address: " + why);
    };
    if (text.size() > input_octets) return refuse("too long");
    if (!is_utf8(text)) return refuse("broken UTF-8");
    if (has_control_character(text)) return refuse("control characters");
    auto halves = text.starts_with('"') ? split_quoted(text) : split_plain(text);
    if (!halves) return refuse(halves.error().what);
    auto domain = halves->domain.starts_with('[') ? normal_literal(halves->domain)
                                                  : normal_domain(halves->domain);
    if (!domain) return refuse(domain.error().what, domain.error().fault);
    if (halves->local.size() > limits::local_part_octets)
        return refuse("local part over " + std::to_string(limits::local_part_octets) + " octets");
    Address address(lower(halves->local), std::move(*domain));
    if (address.text_.size() > limits::address_octets)
        return refuse("over " + std::to_string(limits::address_octets) + " octets");
    return address;
}

std::optional<Address> Address::without_subaddress() const {
    auto const plus = local_.find('+');
    if (plus == std::string::npos || plus == 0) return std::nullopt;
    return Address(local_.substr(0, plus), domain_);
}

}  // namespace satchel
