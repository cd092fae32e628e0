#include "mailgw/smtp_parameters.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "mailgw/mail_text.h"
#include "mailgw/smtp_limits.h"
#include "mailgw/smtp_path.h"

namespace satchel::mailgw {

namespace {

SmtpRefusal bad_value(std::string const& keyword) {
    return "501 5.5.4 Bad value of " + keyword;
}

SmtpRefusal unknown(std::string const& keyword) {
    bool const tellable = std::all_of(keyword.begin(), keyword.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
    return "555 5.5.4 Parameter not known" + (tellable ? ": " + keyword : std::string());
}

SmtpRefusal read_size(std::string_view value, MailParameters& into) {
    std::uint64_t size = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (value.empty() || end != value.data() + value.size()) return bad_value("SIZE");
    // More than 64 bits is surely over our maximum.
    into.size = error == std::errc::result_out_of_range ? UINT64_MAX : size;
    return {};
}

bool is_notify(std::string_view value) {
    if (value == "NEVER") return true;
    std::set<std::string_view> seen;
    while (!value.empty()) {
        auto const comma = std::min(value.find(','), value.size());
        auto const word = value.substr(0, comma);
        if (word != "SUCCESS" && word != "FAILURE" && word != "DELAY") return false;
        if (!seen.insert(word).second) return false;
        if (comma + 1 == value.size()) return false;
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return !seen.empty();
}

/// addr-type ";" xtext (RFC 3461 §4.2); for utf-8 the address itself, when UTF-8 was agreed upon
/// (RFC 6533 §3).
bool is_orcpt(std::string_view value, bool utf8_allowed) {
    auto const semicolon = value.find(';');
    if (semicolon == 0 || semicolon == std::string_view::npos) return false;
    if (value.size() > smtp_limits::orcpt_octets) return false;
    auto const type = upper_case(value.substr(0, semicolon));
    auto const address = value.substr(semicolon + 1);
    if (address.empty() || !is_xtext(type)) return false;
    if (type != "UTF-8") return is_xtext(address);
    // utf-8-addr-xtext writes \x{…} for what has no place in xtext.
    return std::all_of(address.begin(), address.end(), [&](char c) {
        auto const code = static_cast<unsigned char>(c);
        return code >= 0x80 ? utf8_allowed : code > 0x20 && code < 0x7f;
    });
}

/// Calls `take(keyword, value, has_value)` for each parameter; each may stand once.
template <class Take>
SmtpRefusal each_parameter(std::string_view text, SmtpExtensions const& offered, Take take) {
    std::set<std::string> seen;
    for (;;) {
        auto const begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) return {};
        if (begin == 0) return "501 5.5.4 A blank must follow the address";
        text.remove_prefix(begin);
        auto const word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size());
        auto const equals = word.find('=');
        auto const keyword = upper_case(word.substr(0, equals));
        bool const has_value = equals != std::string_view::npos;
        auto const value = has_value ? word.substr(equals + 1) : std::string_view();
        if (!offered.esmtp) return "555 5.5.4 Parameters need EHLO";
        if (!seen.insert(keyword).second) return "501 5.5.4 Parameter given twice: " + keyword;
        if (auto refusal = take(keyword, value, has_value)) return refusal;
    }
}

}  // namespace

SmtpRefusal read_mail_parameters(std::string_view text, SmtpExtensions const& offered,
                                 MailParameters& into) {
    return each_parameter(
        text, offered,
        [&](std::string const& keyword, std::string_view value, bool has_value) -> SmtpRefusal {
            if (keyword == "SIZE") return read_size(value, into);
            if (keyword == "BODY") {
                auto const word = upper_case(value);
                if (word != "7BIT" && word != "8BITMIME") return bad_value(keyword);
                into.body = word == "7BIT" ? BodyType::seven_bit : BodyType::eight_bit_mime;
                return {};
            }
            if (keyword == "SMTPUTF8" && offered.smtputf8) {
                if (has_value) return bad_value(keyword);
                into.smtputf8 = true;
                return {};
            }
            if (keyword == "RET" && offered.dsn) {
                into.ret = upper_case(value);
                return into.ret == "FULL" || into.ret == "HDRS" ? SmtpRefusal()
                                                                : bad_value(keyword);
            }
            if (keyword == "ENVID" && offered.dsn) {
                bool const good =
                    !value.empty() && is_xtext(value) && value.size() <= smtp_limits::envid_octets;
                if (!good) return bad_value(keyword);
                into.envid = value;
                return {};
            }
            return unknown(keyword);
        });
}

SmtpRefusal read_rcpt_parameters(std::string_view text, SmtpExtensions const& offered,
                                 EnvelopeRecipient& into) {
    return each_parameter(
        text, offered,
        [&](std::string const& keyword, std::string_view value, bool) -> SmtpRefusal {
            if (keyword == "NOTIFY" && offered.dsn) {
                into.notify = upper_case(value);
                return is_notify(into.notify) ? SmtpRefusal() : bad_value(keyword);
            }
            if (keyword == "ORCPT" && offered.dsn) {
                if (!is_orcpt(value, offered.smtputf8)) return bad_value(keyword);
                into.orcpt = value;
                return {};
            }
            return unknown(keyword);
        });
}

}  // namespace satchel::mailgw
