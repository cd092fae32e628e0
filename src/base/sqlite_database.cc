#include "src/base/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>

#include "src/base/unique_fd.h"

namespace satchel {

namespace {

constexpr std::size_t shelved_max = 64;  ///< some SQL is put together, and may never come again

Error database_error(sqlite3* database, std::string const& doing) {
    int const code = sqlite3_errcode(database) & 0xff;
    Fault const fault = code == SQLITE_FULL                               ? Fault::no_space
                        : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? Fault::corrupt
                        : code == SQLITE_BUSY || code == SQLITE_LOCKED    ? Fault::unavailable
                                                                          : Fault::io;
    return {fault, doing + ": " + sqlite3_errmsg(database)};
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void SqliteStatement::GiveBack::operator()(sqlite3_stmt* statement) const {
    Handle handle(statement);
    auto const place = shelf.lock();
    if (!place) return;
    if (place->size() >= shelved_max) place->erase(place->begin());
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    place->try_emplace(sqlite3_sql(statement), std::move(handle));
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
    // v2: waits for statements that outlive the database, where sqlite3_close would leak it.
    sqlite3_close_v2(database);
}

void SqliteStatement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

void SqliteStatement::bind_one(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), index, value);
}

void SqliteStatement::bind_one(int index, std::string_view value) {
    // A null pointer would bind NULL: an empty text is a text.
    char const* const text = value.empty() ? "" : value.data();
    sqlite3_bind_text64(statement_.get(), index, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void SqliteStatement::bind_one(int index, ByteSpan value) {
    // A null pointer would bind NULL: an empty blob is a zero blob.
    if (value.empty()) {
        sqlite3_bind_zeroblob(statement_.get(), index, 0);
    } else {
        sqlite3_bind_blob64(statement_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT);
    }
}

void SqliteStatement::bind_one(int index, std::nullptr_t) {
    sqlite3_bind_null(statement_.get(), index);
}

Result<bool> SqliteStatement::step() {
    int const code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        sqlite3_reset(statement_.get());
        return false;
    }
    Error error = database_error(sqlite3_db_handle(statement_.get()), "database");
    sqlite3_reset(statement_.get());
    return fail(std::move(error));
}

Status SqliteStatement::run() {
    for (;;) {
        auto const row = step();
        if (!row) return fail(row.error());
        if (!*row) return {};
    }
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
    auto const* const text = sqlite3_column_text(statement_.get(), column);
    auto const size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return text == nullptr ? std::string() : std::string(reinterpret_cast<char const*>(text), size);
}

Bytes SqliteStatement::blob(int column) const {
    auto const* const bytes =
        static_cast<Byte const*>(sqlite3_column_blob(statement_.get(), column));
    auto const size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? Bytes() : Bytes(bytes, bytes + size);
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<SqliteDatabase> SqliteDatabase::open(std::filesystem::path const& file, int version,
                                            std::string const& schema) {
    // Created by us first, for its mode: SQLite would follow the umask, and gives -wal and -shm the
    // same.
    if (auto created = open_file(file.string(), O_RDWR | O_CREAT, 0600); !created) {
        return fail(created.error());
    }
    sqlite3* raw = nullptr;
    int const code =
        sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    SqliteDatabase database(raw);
    if (code != SQLITE_OK) return fail(database_error(raw, file.string()));
    sqlite3_busy_timeout(raw, 10'000);
    for (char const* pragma :
         {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"}) {
        if (auto done = database.execute(pragma); !done) return fail(done.error());
    }
    auto const found = database.version();
    if (!found) return fail(found.error());
    auto const stored = *found;
    if (stored > version) {
        return fail(Fault::config, file.string() + " was written by a newer Satchel; upgrade");
    }
    if (stored == version) return database;
    auto applied = database.transaction([&]() -> Status {
        if (auto done = database.execute(schema); !done) return done;
        return database.execute("PRAGMA user_version=" + std::to_string(version));
    });
    if (!applied) return fail(applied.error());
    return database;
}

Result<std::int64_t> SqliteDatabase::version() {
    auto statement = prepare("PRAGMA user_version");
    if (!statement) return fail(statement.error());
    if (auto row = statement->step(); !row) return fail(row.error());
    return statement->integer(0);
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
    if (auto const known = shelf_->find(sql); known != shelf_->end()) {
        SqliteStatement statement(known->second.release(), shelf_);
        shelf_->erase(known);
        return statement;
    }
    sqlite3_stmt* statement = nullptr;
    int const code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return fail(database_error(database_.get(), std::string(sql)));
    return SqliteStatement(statement, shelf_);
}

Status SqliteDatabase::execute(std::string const& sql) {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return fail(database_error(database_.get(), "database"));
    }
    return {};
}

Status SqliteDatabase::transaction(std::function<Status()> const& body) {
    if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = body();
    if (done) {
        done = execute("COMMIT");
        if (done) return done;
    }
    static_cast<void>(execute("ROLLBACK"));
    return done;
}

Status SqliteDatabase::lightly(std::function<Status()> const& body) {
    if (auto set = execute("PRAGMA synchronous=NORMAL"); !set) return set;
    auto done = body();
    auto const set_back = execute("PRAGMA synchronous=FULL");
    return done ? set_back : done;
}

std::int64_t SqliteDatabase::last_row_id() const {
    return sqlite3_last_insert_rowid(database_.get());
}

std::int64_t SqliteDatabase::changed_rows() const {
    return sqlite3_changes(database_.get());
}

}  // namespace satchel
