#include "mailgw/part_digest.h"

#include <algorithm>
#include <future>
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

/// What lies between two offsets of the message, of a piece that stands at `offset`.
ByteSpan slice(std::uint64_t offset, ByteSpan piece, std::uint64_t begin, std::uint64_t end) {
    std::uint64_t const from = std::clamp(begin, offset, offset + piece.size());
    std::uint64_t const to = std::clamp(end, from, offset + piece.size());
    return piece.subspan(static_cast<std::size_t>(from - offset),
                         static_cast<std::size_t>(to - from));
}

/// Reads what a candidate holds.
class CandidateReader {
public:
    CandidateReader(Candidate const& candidate, std::optional<ShapedRange> shaped)
        : range_(candidate.range)
        , shaped_(std::move(shaped))
        , armor_text_(candidate.armor_anywhere)
        , armor_content_(candidate.armor_anywhere) {
        if (shaped_) round_trip_ = std::make_unique<Base64RoundTrip>(shaped_->shape);
    }

    /// `piece` of the body stands at `offset` of the message.
    void feed(std::uint64_t offset, ByteSpan piece) {
        armor_text_.feed(text_of(piece));
        if (!shaped_) return;
        ByteSpan const content =
            round_trip_->feed(slice(offset, piece, shaped_->begin, shaped_->end));
        content_hash_.update(content);
        content_bytes_ += content.size();
        armor_content_.feed(text_of(content));
    }

    CandidateDigest finish() {
        CandidateDigest digest;
        digest.pgp_armor = armor_text_.found();
        digest.content_bytes = range_.body_bytes();
        if (shaped_ && round_trip_->finish()) {
            digest.base64 = std::move(shaped_);
            digest.content_bytes = content_bytes_;
            digest.content_sha256 = content_hash_.finish();
            digest.pgp_armor = armor_content_.found();
        }
        return digest;
    }

private:
    PartRange range_;
    std::optional<ShapedRange> shaped_;
    std::unique_ptr<Base64RoundTrip> round_trip_;
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

/// Reads a range of the file in pieces: take(offset, piece).
template <class Take>
Result<std::uint64_t> each_piece(int fd, std::uint64_t begin, std::uint64_t end, Take take) {
    Bytes buffer(piece_bytes);
    while (begin < end) {
        auto const size =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, end - begin));
        auto const got = read_at(fd, std::span(buffer).first(size), begin);
        if (!got) return fail(got.error());
        if (*got == 0) break;
        take(begin, ByteSpan(buffer).first(*got));
        begin += *got;
    }
    return begin;
}

/// The digests of the text: of the message, and of the bodies of its candidates.
struct TextDigest {
    std::uint64_t bytes = 0;
    Sha256Digest message{};
    std::vector<Sha256Digest> bodies;
};

Result<TextDigest> digest_text(int fd, std::vector<Candidate> const& candidates) {
    TextDigest digest;
    Sha256 message;
    Sha256 body;
    auto const bytes = each_piece(fd, 0, UINT64_MAX, [&](std::uint64_t offset, ByteSpan piece) {
        message.update(piece);
        while (digest.bodies.size() < candidates.size()) {
            PartRange const& range = candidates[digest.bodies.size()].range;
            body.update(slice(offset, piece, range.body_begin, range.end));
            if (range.end > offset + piece.size()) break;
            digest.bodies.push_back(body.finish());
        }
    });
    if (!bytes) return fail(bytes.error());
    if (digest.bodies.size() < candidates.size())
        return fail(Fault::corrupt, "the message is shorter than it was");
    digest.bytes = *bytes;
    digest.message = message.finish();
    return digest;
}

Result<CandidateDigest> read_candidate(int fd, Candidate const& candidate) {
    auto reader = start(fd, candidate);
    if (!reader) return fail(reader.error());
    auto const feed = [&](std::uint64_t offset, ByteSpan piece) { reader->feed(offset, piece); };
    auto const read = each_piece(fd, candidate.range.body_begin, candidate.range.end, feed);
    if (!read) return fail(read.error());
    return reader->finish();
}

}  // namespace

Result<MessageDigest> digest_message(int fd, std::vector<Candidate> const& candidates) {
    // Hashing the text and decoding it cost about the same, and a large message waits for both.
    auto text = std::async([&] { return digest_text(fd, candidates); });
    MessageDigest digest;
    for (Candidate const& candidate : candidates) {
        auto read = read_candidate(fd, candidate);
        if (!read) return fail(read.error());
        digest.candidates.push_back(std::move(*read));
    }
    auto const hashed = text.get();
    if (!hashed) return fail(hashed.error());
    digest.bytes = hashed->bytes;
    digest.sha256 = hashed->message;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        CandidateDigest& candidate = digest.candidates[i];
        candidate.body_sha256 = hashed->bodies[i];
        if (!candidate.base64) candidate.content_sha256 = candidate.body_sha256;
    }
    return digest;
}

}  // namespace satchel::mailgw
