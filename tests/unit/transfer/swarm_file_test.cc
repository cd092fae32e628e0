#include "transfer/swarm_file.h"

#include <doctest/doctest.h>

#include "tests/support/sample_blob.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

constexpr std::uint64_t piece_bytes = 256 * 1024;

}  // namespace

TEST_CASE("swarm file: only right pieces are found again") {
    testing::TempFolder const folder;
    auto const blob = testing::sample_blob(5 * piece_bytes + 99);
    auto const open = [&] {
        auto file = SwarmFile::open(folder.path(), blob.id(), blob.size(), blob.tree.layer);
        REQUIRE(file);
        return *file;
    };
    auto const right = [](SwarmFile const& file) {
        std::vector<bool> pieces;
        for (std::uint64_t i = 0; i < 6; ++i)
            pieces.push_back(file.is_right(i));
        return pieces;
    };
    {
        auto const file = open();
        CHECK(right(*file) == std::vector<bool>(6));
        CHECK(file->written_pieces() == std::vector<bool>(6));
        int const fd = file->for_writing()->get();
        for (std::uint64_t const index : {1U, 3U, 5U}) {
            std::uint64_t const at = index * piece_bytes;
            auto const length = std::min(piece_bytes, blob.size() - at);
            CHECK(write_all_at(fd, blob.from(at).first(length), at));
        }
        CHECK(write_all_at(fd, bytes_of("x"), 3 * piece_bytes + 7));
    }
    auto const again = open();
    CHECK(right(*again) == std::vector<bool>{false, true, false, false, false, true});
    CHECK(again->written_pieces() == std::vector<bool>{false, true, false, true, false, true});
    // A part of a piece is none.
    CHECK(write_all_at(again->for_writing()->get(), blob.from(0).first(piece_bytes - 16'384), 0));
    CHECK_FALSE(again->written_pieces()[0]);
    CHECK(*again->piece(1) == copy_of(blob.from(piece_bytes).first(piece_bytes)));
    CHECK(again->piece(5)->size() == 99);
    CHECK_FALSE(again->piece(6));
    CHECK_FALSE(write_all_at(again->for_reading()->get(), bytes_of("x"), 0));
    CHECK(SwarmFile::exists(folder.path(), blob.id()));
    again->remove();
    CHECK_FALSE(SwarmFile::exists(folder.path(), blob.id()));
    CHECK(again->piece(1));
}

TEST_CASE("swarm file: who goes on with it has it for another day") {
    testing::TempFolder const folder;
    auto const blob = testing::sample_blob(600'000);
    auto const open = [&] {
        REQUIRE(SwarmFile::open(folder.path(), blob.id(), blob.size(), blob.tree.layer));
    };
    open();
    auto const file = folder / blob.id().to_hex();
    auto const day_before = std::filesystem::file_time_type::clock::now() - std::chrono::hours(25);
    std::filesystem::last_write_time(file, day_before);
    open();
    CHECK(std::filesystem::last_write_time(file) > day_before + std::chrono::hours(24));
}

TEST_CASE("swarm file: only where there is room for twice its size") {
    testing::TempFolder const folder;
    CHECK(SwarmFile::has_room(folder.path(), 1));
    CHECK_FALSE(SwarmFile::has_room(folder.path(), std::uint64_t{1} << 60U));
}
