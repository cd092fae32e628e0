// Against libtorrent's own torrent creation: the same root and piece layer for the same bytes.
#include <algorithm>
#include <fstream>

#include <doctest/doctest.h>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/file_storage.hpp>
#include <libtorrent/torrent_info.hpp>

#include "src/base/atomic_file.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "transfer/merkle_root.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::SeededRandomness;
using satchel::testing::TempFolder;

namespace {

struct Theirs {
    Bytes root;
    Bytes layer;
};

Theirs by_libtorrent(TempFolder const& folder, std::string const& name, std::uint64_t size) {
    lt::file_storage files;
    files.add_file(name, static_cast<std::int64_t>(size));
    lt::create_torrent creator(files, static_cast<int>(piece_length_for(size)),
                               lt::create_torrent::v2_only);
    REQUIRE(creator.piece_length() == static_cast<int>(piece_length_for(size)));
    lt::error_code error;
    lt::set_piece_hashes(creator, folder.path().string(), error);
    REQUIRE_FALSE(error);
    auto const torrent = creator.generate_buf();
    lt::torrent_info const info(torrent, error, lt::from_span);
    REQUIRE_FALSE(error);
    Theirs theirs;
    auto const root = info.files().root(lt::file_index_t(0));
    theirs.root.assign(root.begin(), root.end());
    auto const layer = info.piece_layer(lt::file_index_t(0));
    // For a file of one piece libtorrent gives the root as its layer; the format has none.
    if (pieces_in(size) > 1) theirs.layer.assign(layer.begin(), layer.end());
    return theirs;
}

}  // namespace

TEST_CASE("merkle root: agrees with libtorrent's create_torrent") {
    TempFolder const folder;
    SeededRandomness randomness;
    constexpr std::uint64_t kib = 1024;
    constexpr std::uint64_t mib = 1024 * kib;
    Bytes blob(70 * mib);
    randomness.fill(std::span(blob).first(64 * kib));
    for (std::size_t i = 64 * kib; i < blob.size(); ++i)
        blob[i] = static_cast<Byte>(blob[i - 64 * kib] + i / (64 * kib));
    for (std::uint64_t const size :
         {std::uint64_t{1}, std::uint64_t{32}, 16 * kib - 1, 16 * kib, 16 * kib + 1, 48 * kib,
          256 * kib - 1, 256 * kib, 256 * kib + 1, 5 * mib, 5 * mib + 77, 64 * mib, 64 * mib + 1,
          70 * mib}) {
        CAPTURE(size);
        auto const bytes = ByteSpan(blob).first(size);
        REQUIRE(write_atomically(folder / "blob", bytes));
        MerkleHasher hasher;
        hasher.write(bytes);
        auto const ours = hasher.finish();
        REQUIRE(ours);
        auto const theirs = by_libtorrent(folder, "blob", size);
        CHECK(copy_of(ours->root.bytes) == theirs.root);
        CHECK(ours->layer == theirs.layer);
    }
}
