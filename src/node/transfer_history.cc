#include "src/node/transfer_history.h"

#include "src/core/utf8.h"

namespace satchel::node {

namespace {

constexpr int schema_version = 1;

constexpr char const* schema = R"sql(
CREATE TABLE transfer(
  way INTEGER NOT NULL, name TEXT NOT NULL, peer TEXT NOT NULL, content_id TEXT NOT NULL,
  bytes INTEGER NOT NULL, done INTEGER NOT NULL, route TEXT NOT NULL, reason TEXT NOT NULL,
  state TEXT NOT NULL, begun INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT;
)sql";

Transfer::State state_of(std::string const& word) {
    for (auto const state :
         {Transfer::State::done, Transfer::State::failed, Transfer::State::refused})
        if (word == to_string(state)) return state;
    return Transfer::State::failed;
}

}  // namespace

Result<TransferHistory> TransferHistory::open_file(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    if (auto set = database->execute("PRAGMA synchronous=NORMAL"); !set) return fail(set.error());
    return TransferHistory(std::move(*database));
}

Result<TransferHistory> TransferHistory::open(std::filesystem::path const& file) {
    auto opened = open_file(file);
    if (opened || opened.error().fault != Fault::corrupt) return opened;
    std::error_code ignored;
    for (char const* const end : {"", "-wal", "-shm"})
        std::filesystem::remove(file.string() + end, ignored);
    return open_file(file);
}

Status TransferHistory::keep(Transfer const& one) {
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        auto insert =
            database_.prepare("INSERT INTO transfer VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        if (!insert) return fail(insert.error());
        auto done =
            insert
                ->bind(one.way == Transfer::Way::in ? 1 : 0, to_utf8(one.name), to_utf8(one.peer),
                       one.content_id.to_hex(), one.bytes, one.done, one.route, to_utf8(one.reason),
                       std::string(to_string(one.state)), one.begun, one.ended)
                .run();
        if (!done) return done;
        auto old = database_.prepare(
            "DELETE FROM transfer WHERE rowid <= (SELECT max(rowid) FROM transfer) - ?");
        if (!old) return fail(old.error());
        return old->bind(std::uint64_t{kept_max}).run();
    });
}

Result<std::vector<Transfer>> TransferHistory::latest() {
    std::lock_guard const lock(*guard_);
    auto rows = database_.prepare(
        "SELECT way, name, peer, content_id, bytes, done, route, reason, state, begun, ended "
        "FROM transfer ORDER BY rowid");
    if (!rows) return fail(rows.error());
    std::vector<Transfer> all;
    for (;;) {
        auto const more = rows->step();
        if (!more) return fail(more.error());
        if (!*more) return all;
        auto const id = ContentId::parse(rows->text(3));
        if (!id) continue;
        Transfer one;
        one.way = rows->integer(0) == 1 ? Transfer::Way::in : Transfer::Way::out;
        one.name = rows->text(1);
        one.peer = rows->text(2);
        one.content_id = *id;
        one.bytes = rows->size(4);
        one.done = rows->size(5);
        one.route = rows->text(6);
        one.reason = rows->text(7);
        one.state = state_of(rows->text(8));
        one.begun = rows->size(9);
        one.ended = rows->size(10);
        all.push_back(std::move(one));
    }
}

}  // namespace satchel::node
