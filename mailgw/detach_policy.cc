#include "mailgw/detach_policy.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "mailgw/mail_text.h"
#include "mailgw/placeholder_reader.h"

namespace satchel::mailgw {

namespace {

struct TypeRule {
    std::string_view type;  ///< whole, or a start that ends in '*'
    std::string_view reason;
};

constexpr std::string_view signed_mail = "PGP or S/MIME";
constexpr std::string_view calendar = "a calendar entry";
constexpr std::string_view report = "part of a report";
constexpr std::string_view tnef = "TNEF: the message's text may be inside";

constexpr std::array type_rules{
    TypeRule{"application/pkcs7-*", signed_mail},
    TypeRule{"application/x-pkcs7-*", signed_mail},
    TypeRule{"application/pgp*", signed_mail},
    TypeRule{"application/x-pgp*", signed_mail},
    TypeRule{"text/calendar", calendar},
    TypeRule{"text/x-vcalendar", calendar},
    TypeRule{"application/ics", calendar},
    TypeRule{"message/delivery-status", report},
    TypeRule{"message/global-delivery-status", report},
    TypeRule{"message/disposition-notification", report},
    TypeRule{"message/global-disposition-notification", report},
    TypeRule{"message/feedback-report", report},
    TypeRule{"text/rfc822-headers", report},
    TypeRule{"message/partial", "a fragment of a message"},
    TypeRule{"message/external-body", "a reference to a body elsewhere"},
    TypeRule{"message/*", "a forwarded message"},
    TypeRule{"application/ms-tnef", tnef},
    TypeRule{"application/vnd.ms-tnef", tnef},
};

/// By name where the type says nothing (RFC 8551 §3.2.1 lists the S/MIME ones).
constexpr std::array name_rules{
    TypeRule{".p7m", signed_mail}, TypeRule{".p7s", signed_mail}, TypeRule{".p7c", signed_mail},
    TypeRule{".p7z", signed_mail}, TypeRule{".ics", calendar},    TypeRule{"winmail.dat", tnef},
};

/// What stands anywhere around a part.
constexpr std::array enclosing_rules{
    TypeRule{"multipart/signed", "inside multipart/signed"},
    TypeRule{"multipart/encrypted", "inside multipart/encrypted"},
    TypeRule{"multipart/report", report},
    TypeRule{"message/rfc822", "inside a forwarded message"},
};

bool matches(std::string_view type, std::string_view pattern) {
    if (!pattern.ends_with('*')) return type == pattern;
    return type.starts_with(pattern.substr(0, pattern.size() - 1));
}

template <class Rules, class Applies>
std::string first_reason(Rules const& rules, Applies applies) {
    auto const rule = std::find_if(rules.begin(), rules.end(), applies);
    return rule == rules.end() ? std::string() : std::string(rule->reason);
}

std::string reason_around(PartFacts const& part) {
    if (part.enclosing.empty()) return "the message is itself one attachment";
    std::string reason = first_reason(enclosing_rules, [&](TypeRule const& rule) {
        return std::find(part.enclosing.begin(), part.enclosing.end(), rule.type) !=
               part.enclosing.end();
    });
    if (!reason.empty()) return reason;
    // A placeholder would be the last alternative, which is the one that mail programs show.
    if (part.enclosing.back() == "multipart/alternative") return "a form of the message's text";
    if (!part.closed) return "a multipart has no closing boundary";
    return "";
}

std::string reason_within(PartFacts const& part) {
    if (part.placeholder) return "a placeholder already";
    std::string reason = first_reason(
        type_rules, [&](TypeRule const& rule) { return matches(part.type, rule.type); });
    if (!reason.empty()) return reason;
    reason = first_reason(
        name_rules, [&](TypeRule const& rule) { return ends_ignoring_case(part.name, rule.type); });
    if (!reason.empty()) return reason;
    if (part.pgp_armor) return std::string(signed_mail);
    bool const related = std::find(part.enclosing.begin(), part.enclosing.end(),
                                   "multipart/related") != part.enclosing.end();
    if (part.content_id_used) return "the HTML shows it";
    if (related && part.type.starts_with("image/") && !part.attachment) return "the HTML shows it";
    return "";
}

}  // namespace

std::string reason_to_leave(MessageFacts const& message, Side side) {
    if (side == Side::inbound)
        return message.highest_layer < layers_max ? "" : "too many gateways detached parts already";
    for (std::string const& name : message.field_names) {
        if (name == "dkim-signature") return "the message is signed (DKIM) already";
        if (name.starts_with("arc-")) return "the message is sealed (ARC) already";
        if (name == "list-id") return "the message comes from a mailing list";
        if (name.starts_with("resent-")) return "the message is resent, not written here";
    }
    if (message.has_placeholder) return "the message has placeholders already";
    return "";
}

bool is_attachment(PartFacts const& part) {
    if (part.attachment) return true;
    if (!part.type.starts_with("text/")) return true;
    if (part.first) return false;
    return !part.name.empty() || part.type == "text/calendar";
}

std::string reason_to_keep(PartFacts const& part, DetachPolicy const& policy) {
    if (std::string reason = reason_around(part); !reason.empty()) return reason;
    if (std::string reason = reason_within(part); !reason.empty()) return reason;
    for (std::string const& pattern : policy.never_detach_types)
        if (matches(part.type, pattern)) return "its type is never detached here";
    if (part.content_bytes == 0) return "it is empty";
    if (part.content_bytes < policy.detach_min) return "smaller than detach_min";
    return "";
}

}  // namespace satchel::mailgw
