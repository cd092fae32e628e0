#include "src/node/content_reader.h"

#include <algorithm>

namespace satchel::node {

namespace {

constexpr std::size_t read_bytes = 256 * 1024;

}  // namespace

ContentReader::ContentReader(UniqueFd file, mailgw::AttachmentSource const& source)
    : file_(std::move(file))
    , source_(source)
    , at_(source.begin)
    , encoded_(read_bytes) {}

Status ContentReader::decode(ByteSpan encoded, bool last) {
    using Decoding = mailgw::AttachmentSource::Decoding;
    switch (source_.decoding) {
        case Decoding::identity:
            break;
        case Decoding::deflate_text:
            deflate_.write(encoded, last, decoded_);
            return {};
        case Decoding::base64:
            if (auto decoded = base64_.decode(encoded, decoded_); !decoded) return decoded;
            return last ? base64_.finish() : Status();
    }
    return fail(Fault::usage, "unknown decoding");
}

Status ContentReader::decode_more() {
    decoded_.clear();
    taken_ = 0;
    std::uint64_t const left = source_.end - at_;
    auto const want = static_cast<std::size_t>(std::min<std::uint64_t>(left, read_bytes));
    auto const got = read_at(file_.get(), std::span(encoded_).first(want), at_);
    if (!got) return fail(got.error());
    if (*got != want) return fail(Fault::corrupt, "the file became shorter while it was read");
    at_ += *got;
    ended_ = at_ == source_.end;
    return decode(ByteSpan(encoded_).first(*got), ended_);
}

/// What needs no decoding goes straight where it is wanted.
Result<std::size_t> ContentReader::read_plain(std::span<Byte> out) {
    auto const want =
        static_cast<std::size_t>(std::min<std::uint64_t>(source_.end - at_, out.size()));
    auto const got = read_at(file_.get(), out.first(want), at_);
    if (!got) return fail(got.error());
    if (*got != want) return fail(Fault::corrupt, "the file became shorter while it was read");
    at_ += *got;
    return want;
}

Result<std::size_t> ContentReader::read(std::span<Byte> out) {
    using Decoding = mailgw::AttachmentSource::Decoding;
    if (source_.decoding == Decoding::identity) return read_plain(out);
    while (taken_ == decoded_.size() && !ended_) {
        if (auto decoded = decode_more(); !decoded) return fail(decoded.error());
    }
    std::size_t const count = std::min(out.size(), decoded_.size() - taken_);
    std::copy_n(decoded_.begin() + static_cast<std::ptrdiff_t>(taken_), count, out.begin());
    taken_ += count;
    return count;
}

}  // namespace satchel::node
