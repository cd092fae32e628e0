#include "src/web/preview_format.h"

#include <algorithm>
#include <string_view>

#include "src/core/utf8.h"

namespace satchel::web {

namespace {

/// The last character may be cut off, where more follows.
bool looks_like_text(std::string_view text) {
    bool const controls = std::ranges::any_of(text, [](char c) {
        auto const octet = static_cast<unsigned char>(c);
        return (octet < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f') || octet == 0x7f;
    });
    if (controls) return false;
    for (std::size_t cut = 0; cut < 4 && cut <= text.size(); ++cut)
        if (is_utf8(text.substr(0, text.size() - cut))) return true;
    return false;
}

}  // namespace

std::string preview_format(ByteSpan beginning) {
    using namespace std::string_view_literals;
    std::string_view const text = text_of(beginning);
    if (text.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
    if (text.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
    if (text.starts_with("GIF87a"sv) || text.starts_with("GIF89a"sv)) return "image/gif";
    if (text.starts_with("RIFF"sv) &&
        text.substr(std::min<std::size_t>(8, text.size())).starts_with("WEBP"sv))
        return "image/webp";
    if (text.starts_with("%PDF-"sv)) return "application/pdf";
    return !text.empty() && looks_like_text(text) ? "text/plain" : "";
}

}  // namespace satchel::web
