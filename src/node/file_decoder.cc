#include "src/node/file_decoder.h"

#include <algorithm>

namespace satchel::node {

FileDecoder::FileDecoder(transfer::ByteSink out, FileLabel const* label)
    : out_(std::move(out))
    , label_(label)
    , decoder_(label != nullptr ? label->encoding : "") {}

Status FileDecoder::take(ByteSpan content) {
    if (!is_verbatim()) return take_content(content);
    inflated_.clear();
    // The label says how much there is: more is a bomb.
    std::uint64_t const left = label_->bytes - std::min(label_->bytes, content_bytes_);
    if (auto inflated = inflater_.write(content, inflated_, static_cast<std::size_t>(left));
        !inflated) {
        return inflated;
    }
    return take_content(inflated_);
}

Status FileDecoder::finish() {
    decoded_.clear();
    decoder_.finish(decoded_);
    if (auto given = give(decoded_); !given) return given;
    if (is_verbatim() && !inflater_.ended())
        return fail(Fault::corrupt, "the content is truncated");
    content_digest_ = content_.finish();
    file_digest_ = is_verbatim() ? file_.finish() : content_digest_;
    // The AEAD does not commit to its key: only the sealed digest tells that this is what was sent.
    if (label_ != nullptr &&
        (label_->sha256 != content_digest_ || label_->bytes != content_bytes_)) {
        return fail(Fault::corrupt, "this is not the content that the sender described");
    }
    return {};
}

Status FileDecoder::take_content(ByteSpan content) {
    content_.update(content);
    content_bytes_ += content.size();
    if (!is_verbatim()) return give(content);
    decoded_.clear();
    decoder_.write(content, decoded_);
    file_.update(decoded_);
    return give(decoded_);
}

Status FileDecoder::give(ByteSpan bytes) {
    file_bytes_ += bytes.size();
    return out_(bytes);
}

}  // namespace satchel::node
