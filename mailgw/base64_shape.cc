#include "mailgw/base64_shape.h"

#include <algorithm>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::string_view white = " \t\r\n";

Result<std::string> read_text(int fd, std::uint64_t begin, std::uint64_t size) {
    std::string text(static_cast<std::size_t>(size), '\0');
    auto const got =
        read_at(fd, std::span(reinterpret_cast<Byte*>(text.data()), text.size()), begin);
    if (!got) return fail(got.error());
    text.resize(*got);
    return text;
}

/// Sets line length and end of line from the first line.
Status measure_line(int fd, ShapedRange& range) {
    bool cr = false;
    for (std::uint64_t at = range.begin; at < range.end;) {
        auto const text = read_text(fd, at, std::min<std::uint64_t>(piece_bytes, range.end - at));
        if (!text) return fail(text.error());
        if (text->empty()) return {};
        std::size_t const newline = text->find('\n');
        if (newline != std::string::npos) {
            range.shape.crlf = newline > 0 ? (*text)[newline - 1] == '\r' : cr;
            range.shape.line_length = at + newline - range.begin - (range.shape.crlf ? 1 : 0);
            return {};
        }
        cr = text->back() == '\r';
        at += text->size();
    }
    return {};
}

}  // namespace

Result<std::optional<ShapedRange>> detect_base64_shape(int fd, std::uint64_t begin,
                                                       std::uint64_t end) {
    std::uint64_t const edge = std::min<std::uint64_t>(end - begin, lead_octets_max + 1);
    auto const head = read_text(fd, begin, edge);
    if (!head) return fail(head.error());
    auto const tail = read_text(fd, end - edge, edge);
    if (!tail) return fail(tail.error());
    std::size_t const first = head->find_first_not_of(white);
    std::size_t const last = tail->find_last_not_of(white);
    if (first == std::string::npos || last == std::string::npos)
        return std::optional<ShapedRange>();
    ShapedRange range;
    range.shape.lead = head->substr(0, first);
    range.shape.trailer = tail->substr(last + 1);
    range.begin = begin + first;
    range.end = end - range.shape.trailer.size();
    if (auto status = measure_line(fd, range); !status) return fail(status.error());
    return std::optional(std::move(range));
}

}  // namespace satchel::mailgw
