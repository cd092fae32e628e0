// Reads the body of a part that may be detached: does it come back byte for byte from its content,
// and what are its sizes and digests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mailgw/base64_shape.h"
#include "mailgw/body_round_trip.h"
#include "mailgw/restore_data.h"
#include "src/base/bytes.h"
#include "src/base/sha256.h"

namespace satchel::mailgw {

struct CandidateDigest {
    /// As proven: mode, shape, sizes and digests. What is of the header or of the whole message is
    /// left out.
    RestoreData restore;
    std::uint64_t source_begin = 0;  ///< in the message: what the content is decoded from
    std::uint64_t source_end = 0;
    bool pgp_armor = false;
};

/// What lies between two offsets of the message, of a piece that stands at `offset`.
ByteSpan slice(std::uint64_t offset, ByteSpan piece, std::uint64_t begin, std::uint64_t end);

/// Looks for PGP's ASCII armor (RFC 4880 §6.2) in text that comes in pieces.
class ArmorSearch {
public:
    /// Anywhere, or in the first 4 KiB alone.
    explicit ArmorSearch(bool anywhere);

    void feed(std::string_view text);

    bool found() const { return found_; }

private:
    std::size_t left_;
    std::string seam_;  ///< the end of what came before
    bool found_ = false;
};

/// Of one body, in one pass, with flat memory. The digest of the body itself is taken elsewhere.
class CandidateReader {
public:
    /// With `shaped`, the body may be base64: its end and trailer count in finish() only.
    CandidateReader(std::optional<ShapedRange> shaped, bool armor_anywhere);

    /// The next piece of the body stands at `offset` of the message.
    void feed(std::uint64_t offset, ByteSpan piece);

    /// All of the body, which begins and ends there, was fed; `trailer` of it to be left out.
    CandidateDigest finish(std::uint64_t body_begin, std::uint64_t body_end,
                           std::string const& trailer);

    /// From here on, pieces are cut where the trailer begins.
    void end_at(std::uint64_t end) { shaped_->end = end; }

    std::optional<ShapedRange> const& shaped() const { return shaped_; }

private:
    std::optional<ShapedRange> shaped_;
    std::unique_ptr<BodyRoundTrip> round_trip_;
    Sha256 content_hash_;
    ArmorSearch armor_text_;
    ArmorSearch armor_content_;
};

}  // namespace satchel::mailgw
