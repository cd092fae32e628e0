#include "src/base/sqlite_database.h"

#include <fstream>
#include <optional>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace satchel;
namespace fs = std::filesystem;

namespace {

constexpr char const* schema =
    "CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, name TEXT, body BLOB, size INTEGER)";

SqliteDatabase open_in(testing::TempFolder const& folder) {
    auto database = SqliteDatabase::open(folder / "a.db", 1, schema);
    REQUIRE(database);
    return std::move(*database);
}

std::int64_t count(SqliteDatabase& database) {
    auto statement = database.prepare("SELECT count(*) FROM item");
    REQUIRE(statement);
    REQUIRE(*statement->step());
    return statement->integer(0);
}

}  // namespace

TEST_CASE("sqlite_database: what is bound comes back") {
    testing::TempFolder folder;
    SqliteDatabase database = open_in(folder);
    auto insert = database.prepare("INSERT INTO item (name, body, size) VALUES (?, ?, ?)");
    REQUIRE(insert);
    std::string const name("a\0b \u00fc", 6);
    Bytes const body{0, 1, 255};
    REQUIRE(insert->bind(name, body, std::uint64_t{1} << 62).run());
    std::int64_t const id = database.last_row_id();
    REQUIRE(insert->bind("short", std::array<Byte, 2>{1, 2}, -1).run());
    REQUIRE(insert->bind(nullptr, std::optional<Bytes>(), std::optional<int>(7)).run());

    auto select = database.prepare("SELECT name, body, size FROM item WHERE id = ?");
    REQUIRE(select);
    REQUIRE(*select->bind(id).step());
    CHECK(select->text(0) == name);
    CHECK(select->blob(1) == body);
    CHECK(select->size(2) == std::uint64_t{1} << 62);
    CHECK_FALSE(*select->step());
    REQUIRE(*select->bind(id + 1).step());
    CHECK(select->text(0) == "short");
    CHECK(select->blob(1) == Bytes{1, 2});
    CHECK(select->integer(2) == -1);
    REQUIRE(*select->bind(id + 2).step());
    CHECK(select->is_null(0));
    CHECK(select->is_null(1));
    CHECK(select->text(0).empty());
    CHECK(select->blob(1).empty());
    CHECK(select->integer(2) == 7);
    CHECK_FALSE(*select->bind(id + 3).step());
}

TEST_CASE("sqlite_database: a statement that comes again is as new") {
    testing::TempFolder folder;
    SqliteDatabase database = open_in(folder);
    std::string const sql = "INSERT INTO item (name) VALUES (?)";
    for (char const* name : {"a", "b"}) {
        auto insert = database.prepare(sql);
        REQUIRE(insert);
        REQUIRE(insert->bind(name).run());
    }
    REQUIRE(database.prepare(sql)->run());
    std::string const ask = "SELECT name FROM item ORDER BY id";
    {
        auto half = database.prepare(ask);
        REQUIRE(*half->step());
        auto other = database.prepare(ask);  // while the first is at it
        REQUIRE(*other->step());
        REQUIRE(*other->step());
        CHECK(half->text(0) == "a");
    }
    auto again = database.prepare(ask);
    REQUIRE(*again->step());
    CHECK(again->text(0) == "a");
    REQUIRE(*again->step());
    REQUIRE(*again->step());
    CHECK(again->is_null(0));
}

TEST_CASE("sqlite_database: empty is not absent") {
    testing::TempFolder folder;
    SqliteDatabase database = open_in(folder);
    auto insert = database.prepare("INSERT INTO item (name, body) VALUES (?, ?)");
    REQUIRE(insert);
    REQUIRE(insert->bind(std::string(), Bytes()).run());
    REQUIRE(insert->bind(std::string_view(), ByteSpan()).run());
    auto select = database.prepare("SELECT name, body FROM item");
    REQUIRE(select);
    while (*select->step()) {
        CHECK_FALSE(select->is_null(0));
        CHECK_FALSE(select->is_null(1));
    }
}

TEST_CASE("sqlite_database: a transaction is all or nothing") {
    testing::TempFolder folder;
    SqliteDatabase database = open_in(folder);
    auto const add = [&] { return database.execute("INSERT INTO item (name) VALUES ('x')"); };
    auto const failed = database.transaction([&]() -> Status {
        if (auto added = add(); !added) return added;
        return fail(Fault::refused, "changed my mind");
    });
    REQUIRE_FALSE(failed);
    CHECK(failed.error().what == "changed my mind");
    CHECK(count(database) == 0);
    REQUIRE(database.transaction(add));
    CHECK(count(database) == 1);
    CHECK(database.changed_rows() == 1);
    REQUIRE(database.execute("DELETE FROM item WHERE name = 'none'"));
    CHECK(database.changed_rows() == 0);
}

TEST_CASE("sqlite_database: stays on disk, private, and seen by a second opener") {
    testing::TempFolder folder;
    {
        SqliteDatabase database = open_in(folder);
        REQUIRE(database.execute("INSERT INTO item (name) VALUES ('x')"));
        for (char const* name : {"a.db", "a.db-wal", "a.db-shm"}) {
            CHECK(fs::status(folder / name).permissions() ==
                  (fs::perms::owner_read | fs::perms::owner_write));
        }
        SqliteDatabase second = open_in(folder);
        CHECK(count(second) == 1);
    }
    SqliteDatabase again = open_in(folder);
    CHECK(count(again) == 1);
}

TEST_CASE("sqlite_database: a statement may outlive its database") {
    testing::TempFolder folder;
    std::optional<SqliteStatement> statement;
    {
        SqliteDatabase database = open_in(folder);
        statement = std::move(*database.prepare("INSERT INTO item (name) VALUES ('x')"));
    }
    CHECK(statement->run());
    statement.reset();
    // The last one to go closes the file: the log is folded in.
    CHECK_FALSE(fs::exists(folder / "a.db-wal"));
}

TEST_CASE("sqlite_database: a schema grows, and is never taken back") {
    testing::TempFolder folder;
    { SqliteDatabase const database = open_in(folder); }
    {
        auto grown = SqliteDatabase::open(folder / "a.db", 2, "ALTER TABLE item ADD COLUMN kind");
        REQUIRE(grown);
        CHECK(grown->execute("INSERT INTO item (kind) VALUES (1)"));
    }
    // Not applied twice: the column would be there already.
    CHECK(SqliteDatabase::open(folder / "a.db", 2, "ALTER TABLE item ADD COLUMN kind"));
    auto const older = SqliteDatabase::open(folder / "a.db", 1, schema);
    REQUIRE_FALSE(older);
    CHECK(older.error().fault == Fault::config);
    CHECK(older.error().what.find("newer Satchel") != std::string::npos);
}

TEST_CASE("sqlite_database: a schema that fails leaves nothing") {
    testing::TempFolder folder;
    auto const bad =
        SqliteDatabase::open(folder / "a.db", 1, "CREATE TABLE item (name); nonsense;");
    REQUIRE_FALSE(bad);
    SqliteDatabase database = open_in(folder);
    CHECK(count(database) == 0);
    CHECK(database.execute("INSERT INTO item (size) VALUES (1)"));
}

TEST_CASE("sqlite_database: faults tell what to do") {
    testing::TempFolder folder;
    SUBCASE("not a database") {
        std::ofstream(folder / "a.db") << std::string(10'000, 'x');
        CHECK(SqliteDatabase::open(folder / "a.db", 1, schema).error().fault == Fault::corrupt);
    }
    SUBCASE("damaged in the middle") {
        {
            SqliteDatabase database = open_in(folder);
            for (int i = 0; i < 200; ++i)
                REQUIRE(database.execute("INSERT INTO item (body) VALUES (randomblob(500))"));
        }
        std::fstream file(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4'096);
        file << std::string(40'000, '\xff');
        file.close();
        SqliteDatabase database = open_in(folder);
        auto select = database.prepare("SELECT body FROM item");
        REQUIRE(select);
        auto const run = select->run();
        REQUIRE_FALSE(run);
        CHECK(run.error().fault == Fault::corrupt);
    }
    SUBCASE("full") {
        SqliteDatabase database = open_in(folder);
        REQUIRE(database.execute("PRAGMA max_page_count = 10"));
        auto insert = database.prepare("INSERT INTO item (body) VALUES (?)");
        REQUIRE(insert);
        auto const full = insert->bind(Bytes(100'000)).run();
        REQUIRE_FALSE(full);
        CHECK(full.error().fault == Fault::no_space);
        CHECK(insert->bind(Bytes(100)).run());
        CHECK(count(database) == 1);
    }
    SUBCASE("bad SQL") {
        SqliteDatabase database = open_in(folder);
        CHECK(database.prepare("SELECT nonsense FROM nowhere").error().fault == Fault::io);
        CHECK(database.execute("nonsense").error().fault == Fault::io);
    }
    SUBCASE("broken constraint") {
        SqliteDatabase database = open_in(folder);
        auto insert = database.prepare("INSERT INTO item (id) VALUES (?)");
        REQUIRE(insert);
        REQUIRE(insert->bind(1).run());
        CHECK_FALSE(insert->bind(1).run());
        CHECK(insert->bind(2).run());
    }
    SUBCASE("no folder") {
        CHECK(SqliteDatabase::open(folder / "none/a.db", 1, schema).error().fault ==
              Fault::not_found);
    }
}
