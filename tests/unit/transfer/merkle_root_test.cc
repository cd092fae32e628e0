#include "transfer/merkle_root.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "src/core/limits.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t block = limits::merkle_block_bytes;

Bytes blob_of(std::uint64_t size) {
    Bytes blob(size);
    std::uint64_t state = size;
    for (auto& byte : blob) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<Byte>(state >> 56U);
    }
    return blob;
}

MerkleTree tree_of(ByteSpan blob, std::size_t step = 1 << 20) {
    MerkleHasher hasher;
    while (!blob.empty()) {
        auto const n = std::min(step, blob.size());
        hasher.write(blob.first(n));
        blob = blob.subspan(n);
    }
    auto tree = hasher.finish();
    REQUIRE(tree);
    return *tree;
}

/// BEP 52 read naively: all leaves in memory, padded, halved until one is left.
Sha256Digest naive_root(ByteSpan blob) {
    std::vector<Sha256Digest> hashes;
    for (std::size_t at = 0; at < blob.size(); at += block)
        hashes.push_back(sha256(blob.subspan(at, std::min<std::size_t>(block, blob.size() - at))));
    std::size_t width = 1;
    while (width < hashes.size())
        width *= 2;
    hashes.resize(width);
    while (hashes.size() > 1) {
        std::vector<Sha256Digest> above;
        for (std::size_t i = 0; i < hashes.size(); i += 2) {
            Bytes pair = copy_of(hashes[i]);
            append(pair, hashes[i + 1]);
            above.push_back(sha256(pair));
        }
        hashes = above;
    }
    return hashes.front();
}

}  // namespace

TEST_CASE("merkle root: piece lengths are those of the design") {
    CHECK(piece_length_for(32) == 256 * kib);
    CHECK(piece_length_for(64 * mib) == 256 * kib);
    CHECK(piece_length_for(64 * mib + 1) == mib);
    CHECK(piece_length_for(1024 * mib) == mib);
    CHECK(piece_length_for(1024 * mib + 1) == 4 * mib);
    CHECK(pieces_in(256 * kib) == 1);
    CHECK(pieces_in(256 * kib + 1) == 2);
    CHECK(layer_bytes_for(256 * kib) == 0);
    CHECK(layer_bytes_for(256 * kib + 1) == 64);
}

TEST_CASE("merkle root: agrees with the naive reading, in steps of any size") {
    for (std::uint64_t const size :
         {std::uint64_t{1}, block - 1, block, block + 1, 2 * block, 3 * block, 5 * block + 7,
          256 * kib - 1, 256 * kib, 256 * kib + 1, 512 * kib, mib + 5, 64 * mib, 64 * mib + 1,
          65 * mib, 70 * mib + 3}) {
        CAPTURE(size);
        auto const blob = blob_of(size);
        auto const tree = tree_of(blob);
        CHECK(tree.root.bytes == naive_root(blob));
        CHECK(tree.size == size);
        CHECK(tree.layer.size() == layer_bytes_for(size));
        CHECK(verify_layer(tree.root, size, tree.layer));
        if (size > 10 * mib) continue;
        for (std::size_t const step : {997UL, 65'552UL}) {
            auto const stepped = tree_of(blob, step);
            CHECK(stepped.root == tree.root);
            CHECK(stepped.layer == tree.layer);
        }
    }
}

TEST_CASE("merkle root: each piece has the hash that its layer gives it") {
    for (std::uint64_t const size : {std::uint64_t{40}, 256 * kib, 256 * kib + 1, mib + 100}) {
        CAPTURE(size);
        auto const blob = blob_of(size);
        auto const tree = tree_of(blob);
        auto const length = piece_length_for(size);
        BlockTree piece;
        for (std::uint64_t i = 0; i < pieces_in(size); ++i) {
            CAPTURE(i);
            auto const bytes =
                ByteSpan(blob).subspan(i * length, std::min(length, size - i * length));
            piece.write(bytes);
            CHECK(finish_piece(piece, size) == piece_hash_in(tree.root, tree.layer, i));
            Bytes wrong = copy_of(bytes);
            wrong.back() ^= 1;
            piece.write(wrong);
            CHECK(finish_piece(piece, size) != piece_hash_in(tree.root, tree.layer, i));
        }
    }
}

TEST_CASE("merkle root: a layer that is not the blob's is refused") {
    std::uint64_t const size = 3 * mib;
    auto const tree = tree_of(blob_of(size));

    Bytes changed = tree.layer;
    changed[40] ^= 1;
    CHECK_FALSE(verify_layer(tree.root, size, changed));
    Bytes swapped = tree.layer;
    std::swap_ranges(swapped.begin(), swapped.begin() + 32, swapped.begin() + 32);
    CHECK_FALSE(verify_layer(tree.root, size, swapped));
    Bytes shorter(tree.layer.begin(), tree.layer.end() - 32);
    CHECK_FALSE(verify_layer(tree.root, size, shorter));
    Bytes longer = tree.layer;
    longer.resize(longer.size() + 32);
    CHECK_FALSE(verify_layer(tree.root, size, longer));
    CHECK_FALSE(verify_layer(tree.root, size, {}));
    CHECK_FALSE(verify_layer(tree.root, 256 * kib, tree.layer));
    // Same layer, other size: the hashes would be those of other pieces.
    CHECK_FALSE(verify_layer(tree.root, 64 * mib + 1, tree.layer));
}

TEST_CASE("merkle root: nothing has no name") {
    CHECK_FALSE(MerkleHasher().finish());
}
