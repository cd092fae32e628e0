#include "mailgw/mime_html_references.h"

#include <array>

#include "mailgw/mail_text.h"
#include "mailgw/mime_handle.h"
#include "src/base/bytes.h"
#include "src/base/hex.h"

namespace satchel::mailgw {

namespace {

constexpr std::string_view scheme = "cid:";
constexpr std::string_view id_ends = "\"' \t\r\n>)\\";

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const octet = text[i] == '%' && i + 2 < text.size()
                               ? from_hex(lower_case(text.substr(i + 1, 2)))
                               : Result<Bytes>(Bytes());
        if (octet && !octet->empty()) {
            out += static_cast<char>(octet->front());
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

void ContentIdReferences::feed(std::string_view html) {
    for (char const c : html) {
        if (matched_ < scheme.size()) {
            bool const goes_on = lower_case(c) == scheme[matched_];
            matched_ = goes_on ? matched_ + 1 : lower_case(c) == scheme.front() ? 1 : 0;
        } else if (id_ends.find(c) != std::string_view::npos) {
            finish();
        } else if (id_.size() < id_octets_max) {
            id_ += c;
        } else {
            overflown_ = true;
        }
    }
}

void ContentIdReferences::finish() {
    if (matched_ == scheme.size() && !id_.empty()) {
        if (ids_.size() < ids_max) {
            ids_.push_back(percent_decoded(id_));
        } else {
            overflown_ = true;
        }
    }
    matched_ = 0;
    id_.clear();
}

void collect_references(GMimePart* html, ContentIdReferences& references) {
    GMimeDataWrapper* const content = g_mime_part_get_content(html);
    GMimeStream* const encoded =
        content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
    if (encoded == nullptr) return;
    g_mime_stream_reset(encoded);
    auto const decoded = adopt(g_mime_stream_filter_new(encoded));
    auto const filter =
        adopt(g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE));
    g_mime_stream_filter_add(GMIME_STREAM_FILTER(decoded.get()), filter.get());
    std::array<char, 16 * 1024> piece;
    while (true) {
        ssize_t const got = g_mime_stream_read(decoded.get(), piece.data(), piece.size());
        if (got <= 0) break;
        references.feed({piece.data(), static_cast<std::size_t>(got)});
    }
    references.finish();
}

}  // namespace satchel::mailgw
