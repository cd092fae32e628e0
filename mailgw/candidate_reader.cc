#include "mailgw/candidate_reader.h"

#include <algorithm>
#include <utility>

namespace satchel::mailgw {

namespace {

constexpr std::size_t armor_start_bytes = 4096;
constexpr std::string_view sign = "-----BEGIN PGP ";

}  // namespace

ByteSpan slice(std::uint64_t offset, ByteSpan piece, std::uint64_t begin, std::uint64_t end) {
    std::uint64_t const from = std::clamp(begin, offset, offset + piece.size());
    std::uint64_t const to = std::clamp(end, from, offset + piece.size());
    return piece.subspan(static_cast<std::size_t>(from - offset),
                         static_cast<std::size_t>(to - from));
}

ArmorSearch::ArmorSearch(bool anywhere)
    : left_(anywhere ? std::string_view::npos : armor_start_bytes) {}

void ArmorSearch::feed(std::string_view text) {
    if (found_ || left_ == 0) return;
    text = text.substr(0, left_);
    if (left_ != std::string_view::npos) left_ -= text.size();
    seam_.append(text.substr(0, sign.size() - 1));
    found_ = seam_.find(sign) != std::string::npos || text.find(sign) != std::string_view::npos;
    if (text.size() >= sign.size()) {
        seam_ = text.substr(text.size() - (sign.size() - 1));
    } else if (seam_.size() > sign.size() - 1) {
        seam_.erase(0, seam_.size() - (sign.size() - 1));
    }
}

CandidateReader::CandidateReader(std::optional<ShapedRange> shaped, bool armor_anywhere)
    : shaped_(std::move(shaped))
    , armor_text_(armor_anywhere)
    , armor_content_(armor_anywhere) {
    if (shaped_) round_trip_ = std::make_unique<BodyRoundTrip>(shaped_->shape);
}

void CandidateReader::feed(std::uint64_t offset, ByteSpan piece) {
    armor_text_.feed(text_of(piece));
    if (!shaped_) return;
    ByteSpan const content = round_trip_->feed(slice(offset, piece, shaped_->begin, shaped_->end));
    content_hash_.update(content);
    armor_content_.feed(text_of(content));
}

CandidateDigest CandidateReader::finish(std::uint64_t body_begin, std::uint64_t body_end,
                                        std::string const& trailer) {
    CandidateDigest digest;
    if (shaped_ && round_trip_->finish(trailer)) {
        digest.restore = round_trip_->restore();
        digest.restore.content_sha256 = content_hash_.finish();
        digest.source_begin = shaped_->begin;
        digest.source_end = body_end - trailer.size();
        digest.pgp_armor = armor_content_.found();
        return digest;
    }
    digest.restore.mode = RestoreData::Mode::verbatim;
    digest.restore.content_bytes = digest.restore.body_bytes = body_end - body_begin;
    digest.source_begin = body_begin;
    digest.source_end = body_end;
    digest.pgp_armor = armor_text_.found();
    return digest;
}

}  // namespace satchel::mailgw
