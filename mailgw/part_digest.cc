#include "mailgw/part_digest.h"

#include <algorithm>
#include <future>
#include <optional>
#include <utility>

#include "mailgw/base64_shape.h"
#include "src/base/sha256_pair.h"
#include "src/base/unique_fd.h"

namespace satchel::mailgw {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

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
    Sha256Pair hashes;  // the message, and the body under way
    auto const bytes = each_piece(fd, 0, UINT64_MAX, [&](std::uint64_t offset, ByteSpan piece) {
        ByteSpan unhashed = piece;  // of the message
        while (digest.bodies.size() < candidates.size()) {
            PartRange const& range = candidates[digest.bodies.size()].range;
            hashes.update(std::exchange(unhashed, {}),
                          slice(offset, piece, range.body_begin, range.end));
            if (range.end > offset + piece.size()) return;
            digest.bodies.push_back(hashes.finish_second());
        }
        hashes.update(unhashed, {});
    });
    if (!bytes) return fail(bytes.error());
    if (digest.bodies.size() < candidates.size())
        return fail(Fault::corrupt, "the message is shorter than it was");
    digest.bytes = *bytes;
    digest.message = hashes.finish_first();
    return digest;
}

Result<CandidateDigest> read_candidate(int fd, Candidate const& candidate) {
    PartRange const& range = candidate.range;
    std::optional<ShapedRange> shaped;
    if (candidate.base64) {
        auto detected = detect_base64_shape(fd, range.body_begin, range.end);
        if (!detected) return fail(detected.error());
        shaped = std::move(*detected);
    }
    std::string const trailer = shaped ? shaped->shape.trailer : "";
    CandidateReader reader(std::move(shaped), candidate.armor_anywhere);
    auto const feed = [&](std::uint64_t offset, ByteSpan piece) { reader.feed(offset, piece); };
    auto const read = each_piece(fd, range.body_begin, range.end, feed);
    if (!read) return fail(read.error());
    return reader.finish(range.body_begin, range.end, trailer);
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
        RestoreData& restore = digest.candidates[i].restore;
        restore.body_sha256 = hashed->bodies[i];
        if (restore.mode == RestoreData::Mode::verbatim)
            restore.content_sha256 = restore.body_sha256;
    }
    return digest;
}

}  // namespace satchel::mailgw
