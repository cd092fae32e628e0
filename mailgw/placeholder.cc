// placeholder_text: DESIGN.md section 6, "Placeholder".
#include <algorithm>

#include "mailgw/detacher.h"
#include "mailgw/header_writer.h"
#include "mailgw/mail_text.h"
#include "mailgw/quoted_printable.h"
#include "src/base/base64.h"
#include "src/base/hex.h"
#include "src/core/limits.h"
#include "src/core/reference.h"
#include "src/core/utf8.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t sender_octets_max = 320;

/// "812 bytes", "70 KB", "2.1 GB": powers of ten, one decimal below a hundred.
std::string human_size(std::uint64_t bytes) {
    if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    std::uint64_t unit = 1000;
    std::size_t prefix = 0;
    constexpr std::string_view prefixes = "KMGTPE";
    auto const tenths = [&] {
        return bytes / (unit / 10) + (bytes % (unit / 10) * 2 / (unit / 10));
    };
    while (tenths() >= 10'000 && prefix + 1 < prefixes.size()) {
        unit *= 1000;
        ++prefix;
    }
    std::string out = std::to_string(tenths() / 10);
    if (tenths() < 1000 && tenths() % 10 != 0) out += "." + std::to_string(tenths() % 10);
    return out + " " + prefixes[prefix] + "B";
}

/// Neither control characters nor what is not UTF-8, bounded.
std::string one_line(std::string_view text, std::size_t octets_max) {
    std::string out;
    for (char const c : to_utf8(text))
        if (static_cast<unsigned char>(c) >= ' ' && c != 0x7f) out += c;
    return std::string(utf8_prefix(out, octets_max));
}

std::string shown_type(std::string const& type) {
    auto const is_type_character = [](char c) {
        return is_ascii_alphanumeric(c) ||
               std::string_view("!#$&-^_.+/").find(c) != std::string_view::npos;
    };
    bool const sound = !type.empty() && std::all_of(type.begin(), type.end(), is_type_character);
    return sound ? type : "application/octet-stream";
}

/// A page is shown only where it is plainly a page.
bool is_page(std::string const& page) {
    return page.starts_with("https://") && page.size() <= limits::page_octets &&
           std::all_of(page.begin(), page.end(), [](char c) {
               return c > ' ' && c <= '~' &&
                      std::string_view("\"<>\\").find(c) == std::string_view::npos;
           });
}

std::string body_text(DetachablePart const& part, Placeholder const& placeholder,
                      std::string const& name) {
    std::string const id = placeholder.content_id.to_hex();
    std::string const sender = one_line(placeholder.sender, sender_octets_max);
    std::string text = "Attachment: " + name + " (" + human_size(part.label.bytes) + ", " +
                       shown_type(part.label.type) + ")\r\n";
    text += "From " + (sender.empty() ? "an unverified sender" : sender) +
            ", kept in your own storage.\r\n";
    text += "Open it: satchel get " + id + "\r\n";
    if (is_page(placeholder.page)) {
        std::string page = placeholder.page;
        while (page.ends_with('/'))
            page.pop_back();
        text += "or: " + page + "/a/" + id + "\r\n";
    }
    text += "If this was forwarded to you, the file is not here: ask the sender.\r\n";
    return text +=
           "Reference: " + Reference{placeholder.content_id, placeholder.blob_bytes}.to_string();
}

void append(std::vector<std::string>& words, std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
}

std::string part_field(Placeholder const& placeholder, unsigned layer) {
    std::vector<std::string> words{"v=1;", "id=" + placeholder.content_id.to_hex() + ";",
                                   "size=" + std::to_string(placeholder.blob_bytes) + ";",
                                   "part=" + to_hex(placeholder.part_id) + ";"};
    if (layer > 1) words.push_back("layer=" + std::to_string(layer) + ";");
    append(words, sliced_words("grant=" + to_base64(placeholder.grant) + ";"));
    append(words, sliced_words("restore=" + to_base64(placeholder.sealed_restore)));
    return header_field("X-Satchel-Part", words);
}

}  // namespace

std::string placeholder_text(DetachablePart const& part, Placeholder const& placeholder,
                             unsigned layer) {
    std::string const name = safe_file_name(part.label.name);
    std::string const text = body_text(part, placeholder, name);
    bool const plain = is_ascii(text);
    std::vector<std::string> type{"text/plain;", "charset=utf-8;"};
    append(type, parameter_words("name", name + ".txt"));
    std::vector<std::string> disposition{"inline;"};
    append(disposition, parameter_words("filename", name + ".txt"));
    std::string out = header_field("Content-Type", type);
    out += header_field("Content-Transfer-Encoding", {plain ? "7bit" : "quoted-printable"});
    out += header_field("Content-Disposition", disposition);
    out += header_field(
        "Content-Description",
        text_words("Attachment " + name + ", " + human_size(part.label.bytes) + " (Satchel)"));
    out += part_field(placeholder, layer);
    return out + "\r\n" + (plain ? text : to_quoted_printable(text));
}

}  // namespace satchel::mailgw
