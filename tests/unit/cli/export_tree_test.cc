#include "src/cli/export_tree.h"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::cli;
using namespace satchel::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t day = 1'800'000'000;  // 2027-01-15

ExportItem item(std::string name, std::string from = "alice@a.test") {
    return {.from = std::move(from), .verified = true, .stored = day, .name = std::move(name)};
}

Sha256Digest digest_of(std::string const& content) {
    return sha256(bytes_of(content));
}

/// As the verb does it for a file that it has not seen.
Result<ExportTree::Placed> add(ExportTree& tree, ExportItem const& what,
                               std::string const& content) {
    auto file = tree.begin(what);
    if (!file) return fail(file.error());
    if (auto written = file->write(bytes_of(content)); !written) return fail(written.error());
    return tree.put(what, content.size(), digest_of(content), &*file);
}

std::string read(fs::path const& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(fs::path const& folder) {
    std::size_t files = 0;
    for (auto const& entry : fs::recursive_directory_iterator(folder))
        files += entry.is_directory() ? 0U : 1U;
    return files;
}

}  // namespace

TEST_CASE("export_tree: folders by sender and day, whatever the sender is called") {
    struct Row {
        std::string from;
        bool verified;
        std::string folder;
    };

    for (Row const& row : {
             Row{"alice@a.test", true, "alice@a.test"},
             Row{"alice@a.test", false, "alice@a.test (unverified)"},
             Row{"", false, "unknown sender"},
             Row{"x/boss@b.test", true, "x%2Fboss@b.test"},
             Row{"x%2Fboss@b.test", true, "x%252Fboss@b.test"},
             Row{"../../etc", true, "%2F..%2Fetc"},
             Row{"..", true, "attachment"},
             Row{"a|b*c@d.test", true, "a%7Cb%2Ac@d.test"},
             Row{"a\x1b[2Jb\nc", true, "a[2Jbc"},
             Row{"\"q\\q\"@b.test", true, "%22q%5Cq%22@b.test"},
         }) {
        CAPTURE(row.from);
        ExportItem const one{row.from, row.verified, day, "x"};
        CHECK(export_folder(one) == fs::path(row.folder) / "2027-01-15");
    }
    CHECK(export_folder({"a@b.test", true, 0, ""}) == fs::path("a@b.test/1970-01-01"));
    CHECK(export_folder({"a@b.test", true, 951'782'400, ""}) == fs::path("a@b.test/2000-02-29"));
}

TEST_CASE("export_tree: numbers stand before the extension") {
    CHECK(numbered_name("film.mov", 1) == "film.mov");
    CHECK(numbered_name("film.mov", 2) == "film (2).mov");
    CHECK(numbered_name("film", 12) == "film (12)");
}

TEST_CASE("export_tree: no name leads out of its folder") {
    TempFolder folder;
    auto tree = ExportTree::open(folder / "out");
    REQUIRE(tree);
    for (std::string const& name :
         {std::string("../../evil"), std::string("/etc/passwd"), std::string("a/../../b"),
          std::string(".."), std::string("."), std::string(), std::string("a\0b", 3),
          std::string("..\\..\\evil"), std::string("x\n\x1b]0;y"), std::string(5000, 'n')}) {
        CAPTURE(name);
        auto const placed = add(*tree, item(name), "content of " + name);
        REQUIRE(placed);
        CHECK(placed->file.parent_path() == folder / "out" / "alice@a.test" / "2027-01-15");
        CHECK(read(placed->file) == "content of " + name);
    }
    CHECK(files_in(folder.path()) == files_in(folder / "out"));
}

TEST_CASE("export_tree: names that collide are numbered, and all of it again changes nothing") {
    TempFolder folder;
    for (auto const& how : {Exported::written, Exported::kept}) {
        auto tree = ExportTree::open(folder.path());
        REQUIRE(tree);
        for (unsigned n = 1; n <= 3; ++n) {
            std::string const content = std::string(n, 'c');
            auto const placed = add(*tree, item("film.mov"), content);
            REQUIRE(placed);
            CHECK(placed->how == how);
            CHECK(placed->file.filename() == numbered_name("film.mov", n));
            CHECK(tree->find(item("film.mov"), n, digest_of(content)).value() == placed->file);
        }
    }
    CHECK(files_in(folder.path()) == 3);
}

TEST_CASE("export_tree: the same size is not the same content") {
    TempFolder folder;
    {
        auto tree = ExportTree::open(folder.path());
        REQUIRE(add(*tree, item("film.mov"), "one"));
    }
    auto tree = ExportTree::open(folder.path());
    CHECK_FALSE(tree->find(item("film.mov"), 3, digest_of("two")).value());
    CHECK(add(*tree, item("film.mov"), "two")->file.filename() == "film (2).mov");
}

TEST_CASE("export_tree: the same content again is a link, also of what stood there before") {
    TempFolder folder;
    {
        auto tree = ExportTree::open(folder.path());
        REQUIRE(add(*tree, item("film.mov"), "content"));
    }
    auto tree = ExportTree::open(folder.path());
    auto const digest = digest_of("content");
    CHECK_FALSE(tree->has(digest));
    CHECK(tree->put(item("copy.mov"), 7, digest, nullptr).error().fault == Fault::not_found);
    auto const first = tree->find(item("film.mov"), 7, digest).value();
    REQUIRE(first);
    REQUIRE(tree->has(digest));
    auto const linked = tree->put(item("copy.mov", "carol@c.test"), 7, digest, nullptr);
    REQUIRE(linked);
    CHECK(linked->how == Exported::linked);
    CHECK(fs::equivalent(linked->file, *first));
    CHECK(fs::hard_link_count(*first) == 2);
    // Written all the same: the link serves, the rest vanishes.
    CHECK(add(*tree, item("third.mov"), "content")->how == Exported::linked);
    CHECK(files_in(folder.path()) == 3);
}

TEST_CASE("export_tree: what is no plain file is passed by, and left alone") {
    TempFolder folder;
    auto const place = folder / "alice@a.test" / "2027-01-15";
    fs::create_directories(place / "film.mov");
    std::ofstream(folder / "outside") << "content";
    fs::create_symlink(folder / "outside", place / "film (2).mov");
    fs::create_symlink(folder / "nowhere", place / "film (3).mov");
    auto tree = ExportTree::open(folder.path());
    CHECK(add(*tree, item("film.mov"), "content")->file.filename() == "film (4).mov");
    CHECK(read(folder / "outside") == "content");
    CHECK_FALSE(fs::exists(folder / "nowhere"));
}

TEST_CASE("export_tree: leftovers of one that was killed go, and two don't meet") {
    TempFolder folder;
    auto const place = folder / "alice@a.test" / "2027-01-15";
    fs::create_directories(place);
    std::ofstream(place / ".new-film.mov-a1B2c3") << "half";
    std::ofstream(place / ".hidden") << "the user's";
    auto tree = ExportTree::open(folder.path());
    REQUIRE(tree);
    CHECK(ExportTree::open(folder.path()).error().fault == Fault::unavailable);
    REQUIRE(add(*tree, item("film.mov"), "content"));
    CHECK(files_in(place) == 2);
    CHECK(fs::exists(place / ".hidden"));
}

TEST_CASE("export_tree: what was not put leaves nothing") {
    TempFolder folder;
    auto tree = ExportTree::open(folder.path());
    {
        auto file = tree->begin(item("film.mov"));
        REQUIRE(file->write(bytes_of("half")));
    }
    CHECK(files_in(folder.path()) == 0);
}
