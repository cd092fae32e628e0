#include "mailgw/link_field_filter.h"

#include <algorithm>

#include "mailgw/mail_text.h"

namespace satchel::mailgw {

namespace {

constexpr std::string_view dashes = "--";

bool begins_like(std::string_view line, std::string_view field) {
    auto const size = std::min(line.size(), field.size());
    return equal_ignoring_case(line.substr(0, size), field.substr(0, size));
}

bool names_message(std::string_view line) {
    return lower_case(std::string(line)).find("message/") != std::string::npos;
}

}  // namespace

bool LinkFieldFilter::is_decided() const {
    if (head_.ends_with('\n')) return true;
    if (head_.size() < dashes.size()) return false;
    // In a header section a little more tells whether a message is nested.
    return !in_header_ || head_.size() >= link_field.size();
}

void LinkFieldFilter::take_head(Bytes& out) {
    bool const blank = head_ == "\r\n" || head_ == "\n";
    if (blank) {
        // A part without header fields may be a message too: in a multipart/digest.
        in_header_ = in_header_ && (nested_ || after_dashes_);
        nested_ = false;
    } else if (head_.starts_with(dashes)) {
        in_header_ = true;
        nested_ = false;
    } else if (in_header_ && head_.size() >= link_field.size() && begins_like(head_, link_field)) {
        head_.replace(0, harmless_field.size(), harmless_field);
        changed_ = true;
    } else if (in_header_) {
        nested_ = nested_ || names_message(head_);
    }
    after_dashes_ = head_.starts_with(dashes);
    in_head_ = head_.ends_with('\n');
    append(out, bytes_of(head_));
    head_.clear();
}

/// Passes on what is inside a line, or outside all header sections up to the next that may begin;
/// gives the number of octets.
std::size_t LinkFieldFilter::pass_content(std::string_view text, Bytes& out) {
    std::size_t const found = text.find(in_header_ ? "\n" : "\n--");
    // Dashes may be still to come.
    std::size_t const end = found != std::string_view::npos ? found + 1
                            : text.ends_with("\n-")         ? text.size() - 1
                                                            : text.size();
    append(out, bytes_of(text.substr(0, end)));
    in_head_ = text[end - 1] == '\n';
    return end;
}

void LinkFieldFilter::filter(ByteSpan in, Bytes& out) {
    std::string_view text = text_of(in);
    while (!text.empty()) {
        if (!in_head_) {
            text.remove_prefix(pass_content(text, out));
            continue;
        }
        head_ += text.front();
        text.remove_prefix(1);
        if (is_decided()) take_head(out);
    }
}

}  // namespace satchel::mailgw
