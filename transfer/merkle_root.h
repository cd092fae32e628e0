// The Merkle tree of BEP 52 over a blob: SHA-256 over 16 KiB blocks, whose root names the blob. Fed
// while the blob is written, so that nothing is read twice.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/base/sha256_lanes.h"
#include "src/core/content_id.h"

namespace satchel::transfer {

/// Bytes of a piece: 256 KiB for blobs up to 64 MiB, 1 MiB up to 1 GiB, else 4 MiB.
std::uint64_t piece_length_for(std::uint64_t blob_bytes);

/// Pieces of a blob; the last may be shorter.
std::uint64_t pieces_in(std::uint64_t blob_bytes);

/// Bytes of its piece layer: 32 for each piece, none where one piece is all.
std::uint64_t layer_bytes_for(std::uint64_t blob_bytes);

/// Bytes of a grain: the smallest piece, a whole subtree of every blob's tree.
inline constexpr std::uint64_t grain_bytes = std::uint64_t{256} * 1024;

/// Hashes blocks into one subtree: a piece, or a blob of one piece.
class BlockTree {
public:
    /// What waits `beside`, if anything does, is hashed in the gaps.
    void write(ByteSpan more, Sha256Beside* beside = nullptr);

    /// From now on the roots of whole grains are gathered, too.
    void gather_grains() { gathers_grains_ = true; }

    /// Those that came since the last call, 32 bytes each.
    Bytes take_grains() { return std::exchange(grains_, {}); }

    std::uint64_t bytes() const { return bytes_; }

    /// The root, with zero hashes in place of the missing ones of `blocks` (a power of two). The
    /// tree starts afresh.
    Sha256Digest finish(std::uint64_t blocks);

    /// The same, only as wide as needed: how BEP 52 hashes a file of one piece.
    Sha256Digest finish();

private:
    std::size_t write_several(ByteSpan more, Sha256Beside* beside);
    std::size_t write_lanes(ByteSpan blocks, Sha256Beside* beside);
    void add_block(Sha256Digest root);

    Sha256 block_;
    std::uint64_t bytes_ = 0;
    std::uint64_t blocks_ = 0;
    // Roots of full subtrees: the one of 2^i blocks is there where bit i of blocks_ is set.
    std::array<Sha256Digest, 48> roots_{};
    bool gathers_grains_ = false;
    Bytes grains_;
};

struct MerkleTree {
    ContentId root;
    std::uint64_t size = 0;  ///< of the blob, in bytes
    Bytes layer;             ///< its piece layer
};

/// Hashes a blob whose size only its end tells. Holds at most 1,024 hashes for a GiB, and 256 for
/// each further one.
class MerkleHasher {
public:
    /// As of BlockTree.
    void write(ByteSpan more, Sha256Beside* beside = nullptr);

    void gather_grains() { piece_.gather_grains(); }

    Bytes take_grains() { return piece_.take_grains(); }

    /// Fault::usage where nothing was written: a blob is never empty.
    Result<MerkleTree> finish();

private:
    void widen_pieces();

    std::uint64_t piece_bytes_ = piece_length_for(1);
    BlockTree piece_;
    Bytes layer_;
    std::uint64_t bytes_ = 0;
};

/// Does the layer hash to the ContentId, and is it as long as the size asks? Fault::corrupt if not.
/// For a blob of one piece the layer is empty.
Status verify_layer(ContentId const& id, std::uint64_t blob_bytes, ByteSpan layer);

/// The root above all piece hashes of a blob of several pieces.
ContentId root_of_layer(std::uint64_t piece_bytes, ByteSpan layer);

/// The hash that piece `index` must have. `layer` is verified.
Sha256Digest piece_hash_in(ContentId const& id, ByteSpan layer, std::uint64_t index);

/// Finishes the tree of a piece of this blob, as its layer (or its ContentId) has it.
Sha256Digest finish_piece(BlockTree& piece, std::uint64_t blob_bytes);

}  // namespace satchel::transfer
