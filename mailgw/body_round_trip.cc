#include "mailgw/body_round_trip.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace satchel::mailgw {

namespace {

// The encoder is behind by an unfinished group at most, even where every character has a line of
// its own: more is white space that it would not write.
constexpr std::size_t lag_characters_max = 64;

/// Sizes are known at the end only: until then nothing is too long.
RestoreData restore_of(Base64Shape shape) {
    RestoreData restore;
    restore.mode = RestoreData::Mode::base64;
    restore.shape = std::move(shape);
    restore.content_bytes = restore.body_bytes = std::numeric_limits<std::uint64_t>::max();
    return restore;
}

/// Whether both begin alike, as far as the shorter goes.
bool alike(ByteSpan one, ByteSpan two) {
    auto const size = std::min(one.size(), two.size());
    return std::equal(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(size), two.begin());
}

}  // namespace

BodyRoundTrip::BodyRoundTrip(Base64Shape shape)
    : restore_(restore_of(std::move(shape)))
    , sink_([this](ByteSpan written) { return compare(written); })
    , rebuilder_(restore_, sink_)
    , behind_(restore_.shape.lead)
    , body_bytes_(restore_.shape.lead.size()) {}

Status BodyRoundTrip::compare(ByteSpan written) {
    auto const earlier = std::min(written.size(), behind_.size());
    bool same = alike(written, bytes_of(behind_));
    behind_.erase(0, earlier);
    written = written.subspan(earlier);
    // What is written holds no character that was not given: where it is longer, it differs.
    same = same && written.size() <= piece_.size() && alike(written, piece_);
    piece_ = piece_.subspan(std::min(written.size(), piece_.size()));
    return same ? Status() : Status(fail(Fault::corrupt, "the body does not come back"));
}

ByteSpan BodyRoundTrip::feed(ByteSpan text) {
    content_.clear();
    if (!same_) return content_;
    body_bytes_ += text.size();
    same_ = decoder_.decode(text, content_).has_value();
    if (!same_) return {};
    content_bytes_ += content_.size();
    piece_ = text;
    same_ = rebuilder_.write(content_).has_value();
    behind_ += text_of(piece_);
    piece_ = {};
    if (behind_.size() > lag_characters_max + restore_.shape.lead.size()) same_ = false;
    return content_;
}

bool BodyRoundTrip::finish(std::string trailer) {
    behind_ += trailer;
    restore_.shape.trailer = std::move(trailer);
    restore_.content_bytes = content_bytes_;
    restore_.body_bytes = body_bytes_ + restore_.shape.trailer.size();
    same_ = same_ && decoder_.finish().has_value() && rebuilder_.finish().has_value() &&
            behind_.empty();
    return same_;
}

}  // namespace satchel::mailgw
