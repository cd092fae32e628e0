#include "src/base/atomic_file.h"

#include <iterator>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "tests/support/temp_folder.h"

using namespace satchel;
namespace fs = std::filesystem;

namespace {

std::string content(fs::path const& file) {
    auto const bytes = read_whole_file(file, 1'000);
    REQUIRE(bytes);
    return std::string(text_of(*bytes));
}

auto entries(fs::path const& folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("atomic_file: appears whole at commit, with its mode") {
    testing::TempFolder folder;
    fs::path const target = folder / "file";
    for (unsigned const mode : {0600U, 0644U}) {
        CAPTURE(mode);
        auto file = AtomicFile::create(target, mode);
        REQUIRE(file);
        REQUIRE(file->write(bytes_of("new ")));
        REQUIRE(file->write(bytes_of("text")));
        CHECK(fs::exists(target) == (mode == 0644));
        REQUIRE(file->commit());
        CHECK(content(target) == "new text");
        CHECK(fs::status(target).permissions() == fs::perms(mode));
    }
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic_file: without a commit nothing stays, and the old stands") {
    testing::TempFolder folder;
    fs::path const target = folder / "file";
    REQUIRE(write_atomically(target, bytes_of("old")));
    {
        auto file = AtomicFile::create(target);
        REQUIRE(file);
        REQUIRE(file->write(bytes_of("new")));
        CHECK(entries(folder.path()) == 2);
    }
    CHECK(entries(folder.path()) == 1);
    CHECK(content(target) == "old");
}

TEST_CASE("atomic_file: moves take the draft along") {
    testing::TempFolder folder;
    auto one = AtomicFile::create(folder / "one");
    auto two = AtomicFile::create(folder / "two");
    REQUIRE(one);
    REQUIRE(two);
    REQUIRE(one->write(bytes_of("1")));
    AtomicFile moved = std::move(*one);
    *two = std::move(moved);
    CHECK(entries(folder.path()) == 1);
    REQUIRE(two->commit());
    CHECK(content(folder / "one") == "1");
    CHECK_FALSE(fs::exists(folder / "two"));
}

TEST_CASE("atomic_file: commit_new leaves what stands") {
    testing::TempFolder folder;
    fs::path const target = folder / "file";
    auto first = AtomicFile::create(target);
    auto second = AtomicFile::create(target);
    REQUIRE(first);
    REQUIRE(second);
    REQUIRE(first->write(bytes_of("first")));
    REQUIRE(first->commit_new());
    auto const refused = second->commit_new();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    second = AtomicFile::create(folder / "other");
    CHECK(content(target) == "first");
    CHECK(entries(folder.path()) == 2);  // the target and the draft of "other"
}

TEST_CASE("atomic_file: failures are told, and leave nothing") {
    testing::TempFolder folder;
    CHECK(AtomicFile::create(folder / "none/file").error().fault == Fault::not_found);
    // A folder in its place can't be replaced by a file.
    fs::create_directory(folder / "taken");
    CHECK_FALSE(write_atomically(folder / "taken", bytes_of("x")));
    CHECK(entries(folder.path()) == 1);
    CHECK(sync_folder(folder / "none").error().fault == Fault::not_found);
    CHECK(sync_folder(folder.path()));
}

TEST_CASE("atomic_file: reads a whole file up to its bound") {
    testing::TempFolder folder;
    fs::path const file = folder / "file";
    Bytes const bytes(200'000, 5);
    REQUIRE(write_atomically(file, bytes));
    CHECK(*read_whole_file(file, 200'000) == bytes);
    CHECK(read_whole_file(file, 199'999).error().fault == Fault::too_large);
    CHECK(read_whole_file("/dev/zero", 1'000).error().fault == Fault::too_large);
    CHECK(read_whole_file(folder / "none", 1).error().fault == Fault::not_found);
    REQUIRE(write_atomically(file, {}));
    CHECK(read_whole_file(file, 0)->empty());
}
