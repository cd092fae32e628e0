#include "transfer/merkle_root.h"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "src/base/sha256_pair.h"
#include "src/core/limits.h"

namespace satchel::transfer {

namespace {

constexpr std::uint64_t block_bytes = limits::merkle_block_bytes;
constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::size_t hash_bytes = 32;
constexpr std::size_t levels = 48;  // 2^48 blocks are 4 EiB
constexpr std::size_t grain_level = std::countr_zero(grain_bytes / block_bytes);

struct Size {
    std::uint64_t up_to;  ///< bytes of a blob
    std::uint64_t piece;  ///< bytes
};

constexpr std::array<Size, 3> sizes{
    {{64 * mib, grain_bytes}, {1024 * mib, mib}, {~std::uint64_t{0}, 4 * mib}}};

/// Roots of subtrees of 2^i blocks that all are missing: zero, and pairs of those below.
Sha256Digest const& zero_root(std::size_t level) {
    static auto const roots = [] {
        std::array<Sha256Digest, levels> made{};
        for (std::size_t i = 1; i < made.size(); ++i)
            made[i] = sha256_of_joined(made[i - 1], made[i - 1]);
        return made;
    }();
    return roots.at(level);
}

std::size_t level_of(std::uint64_t blocks) {
    return static_cast<std::size_t>(std::countr_zero(blocks));
}

/// One level up; an odd last hash is paired with `padding`.
Bytes pair_up(ByteSpan hashes, Sha256Digest const& padding) {
    Bytes above;
    above.reserve((hashes.size() + hash_bytes) / 2);
    for (std::size_t at = 0; at < hashes.size(); at += 2 * hash_bytes) {
        auto const left = hashes.subspan(at).first<hash_bytes>();
        bool const paired = at + hash_bytes < hashes.size();
        append(above,
               sha256_of_joined(left, paired ? hashes.subspan(at + hash_bytes).first<hash_bytes>()
                                             : std::span<Byte const, hash_bytes>(padding)));
    }
    return above;
}

}  // namespace

std::uint64_t piece_length_for(std::uint64_t blob_bytes) {
    return std::find_if(sizes.begin(), sizes.end(),
                        [&](Size const& size) { return blob_bytes <= size.up_to; })
        ->piece;
}

std::uint64_t pieces_in(std::uint64_t blob_bytes) {
    auto const piece = piece_length_for(blob_bytes);
    return blob_bytes / piece + (blob_bytes % piece != 0);
}

std::uint64_t layer_bytes_for(std::uint64_t blob_bytes) {
    auto const pieces = pieces_in(blob_bytes);
    return pieces > 1 ? pieces * hash_bytes : 0;
}

/// Whole blocks, as many at once as the processor can hash; 0 where there are no two.
std::size_t BlockTree::write_several(ByteSpan more, Sha256Beside* beside) {
    if (bytes_ % block_bytes != 0 || more.size() < 2 * block_bytes) return 0;
    for (std::size_t const lanes : {sha256_lanes, sha256_lanes_min}) {
        if (more.size() >= lanes * block_bytes && has_sha256_lanes())
            return write_lanes(more.first(lanes * block_bytes), beside);
    }
    for (Sha256Digest const& root :
         sha256_of_two(more.first(block_bytes), more.subspan(block_bytes, block_bytes)))
        add_block(root);
    bytes_ += 2 * block_bytes;
    return 2 * block_bytes;
}

std::size_t BlockTree::write_lanes(ByteSpan blocks, Sha256Beside* beside) {
    std::array<Sha256Digest, sha256_lanes> digests;
    auto const roots = std::span(digests).first(blocks.size() / block_bytes);
    sha256_of_lanes(blocks, roots, beside);
    for (Sha256Digest const& root : roots)
        add_block(root);
    bytes_ += blocks.size();
    return blocks.size();
}

void BlockTree::write(ByteSpan more, Sha256Beside* beside) {
    while (!more.empty()) {
        if (std::size_t const taken = write_several(more, beside); taken > 0) {
            more = more.subspan(taken);
            continue;
        }
        auto const room = block_bytes - bytes_ % block_bytes;
        auto const n = std::min<std::uint64_t>(room, more.size());
        block_.update(more.first(n));
        bytes_ += n;
        more = more.subspan(n);
        if (n == room) add_block(block_.finish());
    }
}

void BlockTree::add_block(Sha256Digest root) {
    std::size_t level = 0;
    for (;; ++level) {
        if (level == grain_level && gathers_grains_) append(grains_, root);
        if ((blocks_ >> level & 1U) == 0) break;
        root = sha256_of_joined(roots_.at(level), root);
    }
    roots_.at(level) = root;
    ++blocks_;
}

Sha256Digest BlockTree::finish() {
    auto const blocks = bytes_ / block_bytes + (bytes_ % block_bytes != 0);
    return finish(std::bit_ceil(std::max<std::uint64_t>(blocks, 1)));
}

Sha256Digest BlockTree::finish(std::uint64_t blocks) {
    if (bytes_ % block_bytes != 0) add_block(block_.finish());
    auto const top = level_of(blocks);
    Sha256Digest root = zero_root(0);
    bool any = false;
    // From the right edge upwards: what is missing on the right is zero, what is there on the left
    // is in roots_.
    for (std::size_t level = 0; level < top; ++level) {
        if ((blocks_ >> level & 1U) != 0) {
            root = sha256_of_joined(roots_.at(level), any ? root : zero_root(level));
            any = true;
        } else if (any) {
            root = sha256_of_joined(root, zero_root(level));
        }
    }
    if (blocks_ == blocks) root = roots_.at(top);
    if (blocks_ == 0) root = zero_root(top);
    bytes_ = 0;
    blocks_ = 0;
    return root;
}

void MerkleHasher::write(ByteSpan more, Sha256Beside* beside) {
    while (!more.empty()) {
        // One byte more than this piece length is good for.
        if (piece_length_for(bytes_ + 1) != piece_bytes_) widen_pieces();
        auto const n = std::min<std::uint64_t>(piece_bytes_ - piece_.bytes(), more.size());
        piece_.write(more.first(n), beside);
        bytes_ += n;
        more = more.subspan(n);
        if (piece_.bytes() == piece_bytes_) {
            append(layer_, piece_.finish(piece_bytes_ / block_bytes));
        }
    }
}

void MerkleHasher::widen_pieces() {
    auto const wide = piece_length_for(bytes_ + 1);
    for (; piece_bytes_ < wide; piece_bytes_ *= 2)
        layer_ = pair_up(layer_, zero_root(0));  // as many as were whole: an even number
}

Result<MerkleTree> MerkleHasher::finish() {
    if (bytes_ == 0) return fail(Fault::usage, "a blob is never empty");
    MerkleTree tree;
    tree.size = bytes_;
    if (bytes_ < piece_bytes_) {
        tree.root.bytes = piece_.finish();
    } else {
        if (piece_.bytes() > 0) append(layer_, piece_.finish(piece_bytes_ / block_bytes));
        tree.root = root_of_layer(piece_bytes_, layer_);
        if (layer_.size() > hash_bytes) tree.layer = std::move(layer_);
    }
    *this = MerkleHasher();
    return tree;
}

ContentId root_of_layer(std::uint64_t piece_bytes, ByteSpan layer) {
    Bytes hashes = copy_of(layer);
    for (auto level = level_of(piece_bytes / block_bytes); hashes.size() > hash_bytes; ++level)
        hashes = pair_up(hashes, zero_root(level));
    ContentId root;
    std::copy_n(hashes.begin(), std::min(hashes.size(), hash_bytes), root.bytes.begin());
    return root;
}

Status verify_layer(ContentId const& id, std::uint64_t blob_bytes, ByteSpan layer) {
    if (layer.size() != layer_bytes_for(blob_bytes)) {
        return fail(Fault::corrupt, "piece layer: " + std::to_string(layer.size()) +
                                        " bytes instead of " +
                                        std::to_string(layer_bytes_for(blob_bytes)));
    }
    if (!layer.empty() && root_of_layer(piece_length_for(blob_bytes), layer) != id) {
        return fail(Fault::corrupt, "piece layer does not hash to the content id");
    }
    return {};
}

Sha256Digest piece_hash_in(ContentId const& id, ByteSpan layer, std::uint64_t index) {
    if (layer.empty()) return id.bytes;
    Sha256Digest hash{};
    auto const at = layer.subspan(index * hash_bytes, hash_bytes);
    std::copy(at.begin(), at.end(), hash.begin());
    return hash;
}

Sha256Digest finish_piece(BlockTree& piece, std::uint64_t blob_bytes) {
    auto const length = piece_length_for(blob_bytes);
    return blob_bytes <= length ? piece.finish() : piece.finish(length / block_bytes);
}

}  // namespace satchel::transfer
