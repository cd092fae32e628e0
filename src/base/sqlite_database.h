// A SQLite database that survives a power cut (WAL, synchronous=FULL), with statements that can't
// leak. Not thread-safe: one thread owns a database and all its statements.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/bytes.h"
#include "src/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace satchel {

/// A prepared statement. Bind all parameters in order with bind(...), then step() through the rows,
/// or run().
class SqliteStatement {
public:
    template <class... Values>
    SqliteStatement& bind(Values const&... values) {
        reset();
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }

    /// True: a row can be read. False: no more rows.
    Result<bool> step();

    /// Runs to the end, for statements without rows.
    Status run();

    std::int64_t integer(int column) const;

    std::uint64_t size(int column) const { return static_cast<std::uint64_t>(integer(column)); }

    std::string text(int column) const;
    Bytes blob(int column) const;
    bool is_null(int column) const;

private:
    friend class SqliteDatabase;

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;
    /// Statements that nobody uses now, by their SQL: to compile one anew takes longer than to run
    /// it, mostly.
    using Shelf = std::map<std::string, Handle, std::less<>>;

    /// Puts it back, unless the database or its place there has gone.
    struct GiveBack {
        void operator()(sqlite3_stmt* statement) const;

        std::weak_ptr<Shelf> shelf;
    };

    SqliteStatement(sqlite3_stmt* statement, std::weak_ptr<Shelf> shelf)
        : statement_(statement, {std::move(shelf)}) {}

    void reset();
    void bind_one(int index, std::int64_t value);

    void bind_one(int index, std::uint64_t value) {
        bind_one(index, static_cast<std::int64_t>(value));
    }

    void bind_one(int index, int value) { bind_one(index, std::int64_t{value}); }

    void bind_one(int index, std::string_view value);

    void bind_one(int index, std::string const& value) { bind_one(index, std::string_view(value)); }

    void bind_one(int index, char const* value) { bind_one(index, std::string_view(value)); }

    void bind_one(int index, ByteSpan value);

    void bind_one(int index, Bytes const& value) { bind_one(index, ByteSpan(value)); }

    void bind_one(int index, std::nullptr_t);

    template <class T>
    void bind_one(int index, std::optional<T> const& value) {
        if (value) {
            bind_one(index, *value);
        } else {
            bind_one(index, nullptr);
        }
    }

    template <std::size_t N>
    void bind_one(int index, std::array<Byte, N> const& value) {
        bind_one(index, ByteSpan(value));
    }

    std::unique_ptr<sqlite3_stmt, GiveBack> statement_;
};

class SqliteDatabase {
public:
    /// Opens or creates the file (mode 0600) and applies `schema` (idempotent SQL) when
    /// `user_version` is below `version`. A file of a newer version is refused, a damaged one is
    /// Fault::corrupt.
    static Result<SqliteDatabase> open(std::filesystem::path const& file, int version,
                                       std::string const& schema);

    Result<SqliteStatement> prepare(std::string_view sql);

    /// Runs SQL without parameters or rows.
    Status execute(std::string const& sql);

    /// All of `body` or nothing: commits when it succeeds, rolls back otherwise.
    Status transaction(std::function<Status()> const& body);

    /// What `body` commits survives the end of this process; a power cut may take it, until
    /// something else is committed. Spares a sync, for what is nice to have.
    Status lightly(std::function<Status()> const& body);

    std::int64_t last_row_id() const;
    std::int64_t changed_rows() const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };

    explicit SqliteDatabase(sqlite3* database)
        : database_(database)
        , shelf_(std::make_shared<SqliteStatement::Shelf>()) {}

    Result<std::int64_t> version();

    std::unique_ptr<sqlite3, Close> database_;
    std::shared_ptr<SqliteStatement::Shelf> shelf_;
};

}  // namespace satchel
