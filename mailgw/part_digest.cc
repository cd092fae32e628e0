#include "mailgw/part_digest.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t armor_start_bytes = 4096;

/// Looks for PGP's ASCII armor (RFC 4880 §6.2) in text that comes in pieces.
class ArmorSearch {
public:
    explicit ArmorSearch(bool anywhere)
        : left_(anywhere ? std::string_view::npos : armor_start_bytes) {}

    void feed(std::string_view text) {
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

    bool found() const { return found_; }

private:
    static constexpr std::string_view sign = "-----BEGIN PGP ";

    std::size_t left_;
    std::string seam_;  ///< the end of what came before
    bool found_ = false;
};

class CandidateReader {
public:
    CandidateReader(Candidate const& candidate, std::optional<ShapedRange> shaped)
        : range_(candidate.range)
        , shaped_(std::move(shaped))
        , armor_text_(candidate.armor_anywhere)
        , armor_content_(candidate.armor_anywhere) {
        if (shaped_) round_trip_ = std::make_unique<Base64RoundTrip>(shaped_->shape);
    }

    /// `piece` stands at `offset` of the message.
    void feed(std::uint64_t offset, ByteSpan piece) {
        ByteSpan const body = slice(offset, piece, range_.body_begin, range_.end);
        if (body.empty()) return;
        body_hash_.update(body);
        armor_text_.feed(text_of(body));
        if (!shaped_) return;
        ByteSpan const content =
            round_trip_->feed(slice(offset, piece, shaped_->begin, shaped_->end));
        content_hash_.update(content);
        content_bytes_ += content.size();
        armor_content_.feed(text_of(content));
    }

    CandidateDigest finish() {
        CandidateDigest digest;
        digest.body_sha256 = body_hash_.finish();
        digest.pgp_armor = armor_text_.found();
        digest.content_bytes = range_.body_bytes();
        digest.content_sha256 = digest.body_sha256;
        if (shaped_ && round_trip_->finish()) {
            digest.base64 = std::move(shaped_);
            digest.content_bytes = content_bytes_;
            digest.content_sha256 = content_hash_.finish();
            digest.pgp_armor = armor_content_.found();
        }
        return digest;
    }

private:
    static ByteSpan slice(std::uint64_t offset, ByteSpan piece, std::uint64_t begin,
                          std::uint64_t end) {
        std::uint64_t const from = std::clamp(begin, offset, offset + piece.size());
        std::uint64_t const to = std::clamp(end, from, offset + piece.size());
        return piece.subspan(static_cast<std::size_t>(from - offset),
                             static_cast<std::size_t>(to - from));
    }

    PartRange range_;
    std::optional<ShapedRange> shaped_;
    std::unique_ptr<Base64RoundTrip> round_trip_;
    Sha256 body_hash_;
    Sha256 content_hash_;
    std::uint64_t content_bytes_ = 0;
    ArmorSearch armor_text_;
    ArmorSearch armor_content_;
};

Result<CandidateReader> start(int fd, Candidate const& candidate) {
    std::optional<ShapedRange> shaped;
    if (candidate.base64) {
        auto detected = detect_base64_shape(fd, candidate.range.body_begin, candidate.range.end);
        if (!detected) return fail(detected.error());
        shaped = std::move(*detected);
    }
    return CandidateReader(candidate, std::move(shaped));
}

}  // namespace

Result<MessageDigest> digest_message(int fd, std::vector<Candidate> const& candidates) {
    MessageDigest digest;
    Sha256 whole;
    Bytes buffer(piece_bytes);
    std::optional<CandidateReader> reader;
    while (true) {
        auto const got = read_at(fd, buffer, digest.bytes);
        if (!got) return fail(got.error());
        ByteSpan const piece = ByteSpan(buffer).first(*got);
        std::uint64_t const piece_end = digest.bytes + piece.size();
        whole.update(piece);
        while (digest.candidates.size() < candidates.size()) {
            Candidate const& candidate = candidates[digest.candidates.size()];
            if (candidate.range.body_begin >= piece_end && !piece.empty()) break;
            if (!reader) {
                auto started = start(fd, candidate);
                if (!started) return fail(started.error());
                reader.emplace(std::move(*started));
            }
            reader->feed(digest.bytes, piece);
            if (candidate.range.end > piece_end && !piece.empty()) break;
            digest.candidates.push_back(reader->finish());
            reader.reset();
        }
        digest.bytes = piece_end;
        if (piece.empty()) break;
    }
    digest.sha256 = whole.finish();
    return digest;
}

}  // namespace satchel::mailgw
