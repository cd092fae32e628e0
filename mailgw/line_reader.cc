#include "mailgw/line_reader.h"

#include <algorithm>
#include <utility>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
static_assert(buffer_bytes >= 2 * LineReader::piece_bytes);

}  // namespace

std::string_view MailLine::content() const {
    std::string_view line = text;
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.size() < text.size() && line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

LineReader::LineReader(int fd)
    : LineReader(
          [fd](std::span<Byte> out, std::uint64_t offset) { return read_at(fd, out, offset); }) {}

LineReader::LineReader(ReadAt read)
    : read_(std::move(read))
    , buffer_(buffer_bytes) {}

std::string_view LineReader::held() const {
    return text_of(ByteSpan(buffer_).subspan(begin_, end_ - begin_));
}

Status LineReader::fill() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    base_ += begin_;
    end_ -= begin_;
    begin_ = 0;
    auto const got = read_(std::span(buffer_).subspan(end_), base_ + end_);
    if (!got) return fail(got.error());
    at_file_end_ = *got < buffer_.size() - end_;
    end_ += *got;
    return {};
}

Result<bool> LineReader::next(MailLine& line) {
    std::size_t newline = held().find('\n');
    while (newline == std::string_view::npos && end_ - begin_ < piece_bytes && !at_file_end_) {
        if (auto status = fill(); !status) return fail(status.error());
        newline = held().find('\n');
    }
    if (begin_ == end_) return false;
    bool const ends = newline < piece_bytes;
    line.text = held().substr(0, ends ? newline + 1 : piece_bytes);
    line.begin = position();
    line.starts = at_line_start_;
    begin_ += line.text.size();
    at_line_start_ = ends;
    return true;
}

Result<bool> LineReader::skip_to_dashes() {
    while (true) {
        if (at_line_start_ && held().starts_with("--")) return true;
        std::size_t const found = held().find("\n--");
        if (found != std::string_view::npos) {
            begin_ += found + 1;
            at_line_start_ = true;
            return true;
        }
        if (at_file_end_) {
            begin_ = end_;
            return false;
        }
        // "--" at the start may lack its second octet; "\n--" at the end its last two.
        std::size_t const kept = std::min<std::size_t>(end_ - begin_, 2);
        if (end_ - begin_ > kept) at_line_start_ = buffer_[end_ - kept - 1] == '\n';
        begin_ = end_ - kept;
        if (auto status = fill(); !status) return fail(status.error());
    }
}

}  // namespace satchel::mailgw
