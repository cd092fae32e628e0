// Takes the name from header fields that let a mail program show a link as if it were an attachment
// (CVE-2025-3522, CVE-2025-3909): what comes in with one goes on with a field that nobody follows.
#pragma once

#include <string>
#include <string_view>

#include "src/base/bytes.h"

namespace satchel::mailgw {

inline constexpr std::string_view link_field = "X-Mozilla-External-Attachment-URL";
/// As long, so that no line and no size changes.
inline constexpr std::string_view harmless_field = "X-Satchel-Stripped-Attachment-URL";
static_assert(link_field.size() == harmless_field.size());

/// Finds header sections without understanding MIME: they stand at the start, and after each line
/// that begins with two dashes. So a text may count as one too; it changes by that name alone.
class LinkFieldFilter {
public:
    /// Appends the next octets of the message, with CR LF line ends, to `out`. The start of a line
    /// is held until it is known: at its end at the latest, so nothing of a whole text is.
    void filter(ByteSpan in, Bytes& out);

    bool changed() const { return changed_; }

private:
    bool is_decided() const;
    void take_head(Bytes& out);
    std::size_t pass_content(std::string_view text, Bytes& out);

    std::string head_;       ///< the start of the line, as far as it matters
    bool in_head_ = true;    ///< the line's start is not known yet
    bool in_header_ = true;  ///< fields may stand here
    bool nested_ = false;    ///< this header section is followed by another: message/rfc822
    bool after_dashes_ = false;
    bool changed_ = false;
};

}  // namespace satchel::mailgw
