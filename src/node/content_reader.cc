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
            append(decoded_, encoded);
            return {};
        case Decoding::deflate_text:
            deflate_.write(encoded, last, decoded_);
            return {};
        case Decoding::base64:
            if (auto decoded = base64_.decode(encoded, decoded_); !decoded) return decoded;
            return last ? base64_.finish() : Status();
    }
    return fail(Fault::usage, "unknown decoding");
}

Result<ByteSpan> ContentReader::next() {
    decoded_.clear();
    while (decoded_.empty() && !ended_) {
        std::uint64_t const left = source_.end - at_;
        std::size_t const want =
            static_cast<std::size_t>(std::min<std::uint64_t>(left, read_bytes));
        auto const got = read_at(file_.get(), std::span(encoded_).first(want), at_);
        if (!got) return fail(got.error());
        if (*got != want) return fail(Fault::corrupt, "the file became shorter while it was read");
        at_ += *got;
        ended_ = at_ == source_.end;
        if (auto done = decode(ByteSpan(encoded_).first(*got), ended_); !done)
            return fail(done.error());
    }
    return ByteSpan(decoded_);
}

}  // namespace satchel::node
