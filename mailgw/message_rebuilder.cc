#include "mailgw/message_rebuilder.h"

#include <algorithm>
#include <limits>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::uint64_t file_end = std::numeric_limits<std::uint64_t>::max();

/// Appends `text` to `out` with CR LF where LF stands alone, as LF storage leaves it. A bare CR is
/// somebody's content. `previous` is the octet before the text.
void append_with_crlf(ByteSpan text, Byte previous, Bytes& out) {
    std::size_t from = 0;
    std::string_view const view = text_of(text);
    for (std::size_t at = view.find('\n'); at != std::string_view::npos;
         at = view.find('\n', at + 1)) {
        if ((at > 0 ? text[at - 1] : previous) == '\r') continue;
        append(out, text.subspan(from, at - from));
        append(out, bytes_of("\r\n"));
        from = at + 1;
    }
    append(out, text.subspan(from));
}

/// Hands on a range of the file in CR LF form. `end` may lie behind the file's.
Status copy_range(int fd, std::uint64_t begin, std::uint64_t end, OctetSink const& out) {
    Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, end - begin)));
    Bytes text;
    Byte previous = 0;
    while (begin < end) {
        auto const size =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - begin));
        auto const got = read_at(fd, std::span(buffer).first(size), begin);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        text.clear();
        append_with_crlf(ByteSpan(buffer).first(*got), previous, text);
        previous = buffer[*got - 1];
        begin += *got;
        if (auto written = out(text); !written) return written;
    }
    return {};
}

/// What stands between the parts goes to `out`; each part is left to `put`.
Status walk(int fd, std::vector<PutBack> const& parts, OctetSink const& out,
            std::function<Status(PutBack const&)> const& put) {
    std::uint64_t position = 0;
    for (PutBack const& part : parts) {
        if (part.begin < position || part.end < part.begin)
            return fail(Fault::usage, "the parts are not in order");
        if (auto copied = copy_range(fd, position, part.begin, out); !copied) return copied;
        if (auto done = put(part); !done) return done;
        position = part.end;
    }
    return copy_range(fd, position, file_end, out);
}

Status put_part(PutBack const& part, OctetSink const& out) {
    if (auto written = out(bytes_of(part.restore.header_block)); !written) return written;
    BodyRebuilder body(part.restore, out);
    if (auto fed = part.content([&body](ByteSpan content) { return body.write(content); }); !fed)
        return fed;
    return body.finish();
}

}  // namespace

Result<std::uint64_t> rebuilt_bytes(int fd, std::vector<PutBack> const& parts) {
    std::uint64_t bytes = 0;
    auto const count = [&bytes](ByteSpan text) {
        bytes += text.size();
        return Status();
    };
    auto const count_part = [&bytes](PutBack const& part) {
        bytes += part.restore.header_block.size() + part.restore.body_bytes;
        return Status();
    };
    if (auto done = walk(fd, parts, count, count_part); !done) return fail(done.error());
    return bytes;
}

Status rebuild_message(int fd, std::vector<PutBack> const& parts, OctetSink const& out) {
    return walk(fd, parts, out, [&out](PutBack const& part) { return put_part(part, out); });
}

}  // namespace satchel::mailgw
