// Checks a blob that arrives in order, piece by piece, against its ContentId. Pure: where the
// bytes go is the caller's affair. Holds hashes alone, so that a hundred blobs may arrive at once.
#pragma once

#include <cstdint>
#include <functional>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/content_id.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

/// Keeps bytes at their offset, before anybody knows that they are right: what stands there from
/// verified_bytes() on must not be believed. When it fails, the bytes count as not arrived.
using PartSink = std::function<Status(std::uint64_t offset, ByteSpan part)>;

class PieceVerifier {
public:
    PieceVerifier(ContentId const& id, std::uint64_t blob_bytes);

    /// First byte still wanted.
    std::uint64_t offset() const { return kept_ + filled_; }

    /// Bytes of whole pieces that are known to be right. Without a layer only a blob of one piece
    /// is known to be right before its end.
    std::uint64_t verified_bytes() const { return layer_known_ ? kept_ : 0; }

    /// Bytes of whole pieces that came, right or not.
    std::uint64_t whole_bytes() const { return kept_; }

    bool layer_known() const { return layer_known_; }

    /// What a blob of several pieces must hash to, where nobody knew before. No layer is known yet.
    void take_name(ContentId const& id) { id_ = id; }

    /// From here on pieces are verified as they complete. Fault::corrupt when the layer does not
    /// hash to the ContentId (nothing changes), or when a piece that came before is wrong (then the
    /// layer is taken, and offset() goes back to that piece).
    Status set_layer(ByteSpan layer);

    /// Adds whole pieces that the caller kept earlier: from a piece's start, to its end. Wrong ones
    /// are Fault::corrupt, and offset() stays before them.
    Status take_kept(ByteSpan piece);

    /// Whole pieces that this process has verified before, as the caller remembers.
    void trust_kept(std::uint64_t bytes) { kept_ = bytes; }

    /// Fault::corrupt when a piece is wrong (offset() goes back to its start), or when the size is
    /// passed (nothing of `more` is taken).
    Status write(ByteSpan more, PartSink const& keep);

    /// Is all there and right? Fault::corrupt if not; without a layer nothing of it is worth
    /// keeping then, and offset() is 0.
    Status finish();

    /// The piece layer, after finish().
    Bytes const& layer() const { return layer_; }

private:
    std::uint64_t piece_bytes_now() const;
    Status settle_piece(Sha256Digest const& hash);

    ContentId id_;
    std::uint64_t size_;
    std::uint64_t piece_bytes_;
    bool layer_known_;
    Bytes layer_;  ///< all of it once known, else of the pieces that came
    std::uint64_t kept_ = 0;
    BlockTree tree_;
    std::uint64_t filled_ = 0;  ///< bytes of the piece that arrives
};

}  // namespace satchel::transfer
