#include "src/node/catalogue.h"

#include <algorithm>
#include <utility>

#include "src/core/utf8.h"
#include "src/node/search_words.h"

namespace satchel::node {

namespace {

constexpr int schema_version = 3;  // an older one is made again

constexpr char const* schema = R"sql(
DROP TABLE IF EXISTS entry;
DROP TABLE IF EXISTS reader;
CREATE TABLE entry(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, sender TEXT NOT NULL,
  verified INTEGER NOT NULL, subject TEXT NOT NULL, message_id TEXT NOT NULL,
  readable INTEGER NOT NULL, own INTEGER NOT NULL, recipient TEXT NOT NULL,
  bytes INTEGER NOT NULL, blob_bytes INTEGER NOT NULL, stored INTEGER NOT NULL,
  holdings INTEGER NOT NULL, sha256 BLOB,
  name_key TEXT NOT NULL, sender_key TEXT NOT NULL, subject_key TEXT NOT NULL,
  words TEXT NOT NULL,
  place INTEGER NOT NULL, place_name TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;
CREATE INDEX entry_by_stored ON entry(stored, id);
CREATE INDEX entry_by_name ON entry(name_key, id);
CREATE INDEX entry_by_sender ON entry(sender_key, id);
CREATE INDEX entry_by_subject ON entry(subject_key, id);
CREATE INDEX entry_by_bytes ON entry(bytes, id);
CREATE INDEX entry_by_place ON entry(place, place_name) WHERE place > 0;
CREATE TABLE reader(name TEXT NOT NULL) STRICT;
)sql";

constexpr char const* columns =
    "id, name, type, sender, verified, subject, message_id, readable, own, recipient, bytes, "
    "blob_bytes, stored, holdings, place, place_name, sha256";

// What `place` says.
constexpr std::uint64_t here = 0;

std::uint64_t number_of(ElsewherePlace::Kind kind) {
    return kind == ElsewherePlace::Kind::own_node ? 1 : 2;
}

/// "" is found everywhere.
constexpr char const* has_words =
    " WHERE instr(words, ?) > 0 AND instr(words, ?) > 0 AND instr(words, ?) > 0 "
    "AND instr(words, ?) > 0";

char const* order_column(CatalogueQuery::Order order) {
    switch (order) {
        case CatalogueQuery::Order::stored:
            return "stored";
        case CatalogueQuery::Order::name:
            return "name_key";
        case CatalogueQuery::Order::sender:
            return "sender_key";
        case CatalogueQuery::Order::subject:
            return "subject_key";
        case CatalogueQuery::Order::bytes:
            return "bytes";
    }
    return "stored";
}

Result<CatalogueEntry> read_entry(SqliteStatement const& row) {
    auto const id = ContentId::parse(row.text(0));
    if (!id) return fail(Fault::corrupt, "catalogue: " + id.error().what);
    CatalogueEntry entry;
    entry.id = *id;
    entry.name = row.text(1);
    entry.type = row.text(2);
    entry.sender = row.text(3);
    entry.verified = row.integer(4) != 0;
    entry.subject = row.text(5);
    entry.message_id = row.text(6);
    entry.readable = row.integer(7) != 0;
    entry.own = row.integer(8) != 0;
    entry.recipient = row.text(9);
    entry.bytes = row.size(10);
    entry.blob_bytes = row.size(11);
    entry.stored = row.size(12);
    entry.holdings = row.size(13);
    if (auto const place = row.size(14); place != here)
        entry.elsewhere = {
            place == 1 ? ElsewherePlace::Kind::own_node : ElsewherePlace::Kind::gateway,
            row.text(15)};
    if (Bytes const digest = row.blob(16); digest.size() == sizeof(Sha256Digest))
        std::copy(digest.begin(), digest.end(), entry.sha256.emplace().begin());
    return entry;
}

/// Calls `take` with each row, until it fails.
template <class Take>
Status each_row(SqliteStatement& statement, Take const& take) {
    for (;;) {
        auto const more = statement.step();
        if (!more) return fail(more.error());
        if (!*more) return {};
        if (Status taken = take(); !taken) return taken;
    }
}

Status put_one(SqliteStatement& statement, CatalogueEntry const& one,
               std::optional<ElsewherePlace> const& place, std::uint64_t seen) {
    std::string const name = folded(one.name);
    std::string const sender = folded(one.sender);
    std::string const subject = folded(one.subject);
    return statement
        .bind(one.id.to_hex(), to_utf8(one.name), to_utf8(one.type), to_utf8(one.sender),
              one.verified ? 1 : 0, to_utf8(one.subject), to_utf8(one.message_id),
              one.readable ? 1 : 0, one.own ? 1 : 0, one.recipient, one.bytes, one.blob_bytes,
              one.stored, one.holdings, one.sha256, name, sender, subject,
              name + '\n' + sender + '\n' + subject, place ? number_of(place->kind) : here,
              place ? place->name : std::string(), seen)
        .run();
}

}  // namespace

Result<Catalogue> Catalogue::open_file(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    // It can be made again: what the last second brought may be lost in a power cut.
    if (auto set = database->execute("PRAGMA synchronous=NORMAL"); !set) return fail(set.error());
    return Catalogue(std::move(*database));
}

Result<Catalogue> Catalogue::open(std::filesystem::path const& file, std::string const& reader) {
    auto opened = open_file(file);
    if (!opened && opened.error().fault == Fault::corrupt) {
        std::error_code ignored;
        for (char const* const end : {"", "-wal", "-shm"})
            std::filesystem::remove(file.string() + end, ignored);
        opened = open_file(file);
    }
    if (!opened) return opened;
    if (auto same = opened->forget_unless_read_by(reader); !same) return fail(same.error());
    return opened;
}

Status Catalogue::forget_unless_read_by(std::string const& reader) {
    auto statement = database_.prepare("SELECT count(*) FROM reader WHERE name = ?");
    if (!statement) return fail(statement.error());
    statement->bind(reader);
    if (auto const row = statement->step(); !row) return fail(row.error());
    if (statement->integer(0) == 1) return {};
    return database_.transaction([&]() -> Status {
        if (auto done = database_.execute("DELETE FROM entry; DELETE FROM reader"); !done)
            return done;
        auto insert = database_.prepare("INSERT INTO reader VALUES(?)");
        if (!insert) return fail(insert.error());
        return insert->bind(reader).run();
    });
}

Status Catalogue::put(std::vector<CatalogueEntry> const& entries) {
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        auto statement = database_.prepare(
            "INSERT OR REPLACE INTO entry "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        if (!statement) return fail(statement.error());
        for (CatalogueEntry const& entry : entries)
            if (auto done = put_one(*statement, entry, {}, 0); !done) return done;
        return {};
    });
}

void CatalogueEntry::take(FileLabel const& label) {
    readable = true;
    name = safe_file_name(label.name);
    type = label.type;
    sender = label.sender;
    subject = label.subject;
    message_id = label.message_id;
    bytes = label.bytes;
    if (label.encoding.empty()) sha256 = label.sha256;
}

Status Catalogue::put_elsewhere(std::vector<CatalogueEntry> const& entries,
                                ElsewherePlace const& place, std::uint64_t round) {
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        // It may have come here meanwhile.
        auto statement = database_.prepare(
            "INSERT OR IGNORE INTO entry "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        if (!statement) return fail(statement.error());
        for (CatalogueEntry const& entry : entries)
            if (auto done = put_one(*statement, entry, place, round); !done) return done;
        return {};
    });
}

Result<bool> Catalogue::see_elsewhere(ContentId const& id, ElsewherePlace const& place,
                                      std::uint64_t round) {
    std::lock_guard const lock(*guard_);
    auto known = database_.prepare("SELECT place, place_name FROM entry WHERE id = ?");
    if (!known) return fail(known.error());
    known->bind(id.to_hex());
    auto const row = known->step();
    if (!row) return fail(row.error());
    if (!*row) return false;
    bool const there = known->size(0) == number_of(place.kind) && known->text(1) == place.name;
    if (!there) return true;  // here, or at another place, too
    auto see = database_.prepare("UPDATE entry SET seen = ? WHERE id = ?");
    if (!see) return fail(see.error());
    if (auto done = see->bind(round, id.to_hex()).run(); !done) return fail(done.error());
    return true;
}

Result<std::uint64_t> Catalogue::forget_unseen(ElsewherePlace const& place, std::uint64_t round) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "DELETE FROM entry WHERE place > 0 AND place = ? AND place_name = ? AND seen <> ?");
    if (!statement) return fail(statement.error());
    auto done = statement->bind(number_of(place.kind), place.name, round).run();
    if (!done) return fail(done.error());
    return static_cast<std::uint64_t>(database_.changed_rows());
}

Status Catalogue::remove(std::vector<ContentId> const& ids) {
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        auto statement = database_.prepare("DELETE FROM entry WHERE id = ? AND place = 0");
        if (!statement) return fail(statement.error());
        for (ContentId const& id : ids)
            if (auto done = statement->bind(id.to_hex()).run(); !done) return done;
        return {};
    });
}

Result<std::uint64_t> Catalogue::count(std::string const& words) {
    auto const looked_for = search_words_in(words);
    auto statement = database_.prepare(std::string("SELECT count(*) FROM entry") +
                                       (looked_for[0].empty() ? "" : has_words));
    if (!statement) return fail(statement.error());
    if (!looked_for[0].empty())
        statement->bind(looked_for[0], looked_for[1], looked_for[2], looked_for[3]);
    if (auto const row = statement->step(); !row) return fail(row.error());
    return statement->size(0);
}

Result<CataloguePage> Catalogue::find(CatalogueQuery const& query) {
    std::lock_guard const lock(*guard_);
    auto const words = search_words_in(query.words);
    bool const all_wanted = words[0].empty();
    auto const all = count("");
    if (!all) return fail(all.error());
    auto const found = all_wanted ? all : count(query.words);
    if (!found) return fail(found.error());
    std::string const way = query.descending ? " DESC" : " ASC";
    auto statement = database_.prepare(
        "SELECT " + std::string(columns) + " FROM entry" + (all_wanted ? "" : has_words) +
        " ORDER BY " + order_column(query.order) + way + ", id" + way + " LIMIT ? OFFSET ?");
    if (!statement) return fail(statement.error());
    if (all_wanted) {
        statement->bind(query.count, query.from);
    } else {
        statement->bind(words[0], words[1], words[2], words[3], query.count, query.from);
    }
    CataloguePage page{*found, *all, {}};
    auto const read = each_row(*statement, [&]() -> Status {
        auto entry = read_entry(*statement);
        if (!entry) return fail(entry.error());
        page.entries.push_back(std::move(*entry));
        return {};
    });
    if (!read) return fail(read.error());
    return page;
}

Result<std::optional<CatalogueEntry>> Catalogue::find(ContentId const& id) {
    std::lock_guard const lock(*guard_);
    auto statement =
        database_.prepare("SELECT " + std::string(columns) + " FROM entry WHERE id = ?");
    if (!statement) return fail(statement.error());
    statement->bind(id.to_hex());
    auto const row = statement->step();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<CatalogueEntry>();
    auto entry = read_entry(*statement);
    if (!entry) return fail(entry.error());
    return std::optional(std::move(*entry));
}

Result<std::map<ContentId, CatalogueEntry>> Catalogue::find(std::vector<ContentId> const& ids) {
    std::lock_guard const lock(*guard_);
    auto statement =
        database_.prepare("SELECT " + std::string(columns) + " FROM entry WHERE id = ?");
    if (!statement) return fail(statement.error());
    std::map<ContentId, CatalogueEntry> known;
    for (ContentId const& id : ids) {
        auto const read = each_row(statement->bind(id.to_hex()), [&]() -> Status {
            auto entry = read_entry(*statement);
            if (!entry) return fail(entry.error());
            known.emplace(id, std::move(*entry));
            return {};
        });
        if (!read) return fail(read.error());
    }
    return known;
}

Result<std::vector<CatalogueMark>> Catalogue::marks_after(std::optional<ContentId> const& after,
                                                          std::size_t most) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "SELECT id, stored, holdings FROM entry WHERE id > ? AND place = 0 ORDER BY id LIMIT ?");
    if (!statement) return fail(statement.error());
    statement->bind(after ? after->to_hex() : "", std::uint64_t{most});
    std::vector<CatalogueMark> marks;
    auto const read = each_row(*statement, [&]() -> Status {
        auto const id = ContentId::parse(statement->text(0));
        if (!id) return fail(id.error());
        marks.push_back({*id, statement->size(1), statement->size(2)});
        return {};
    });
    if (!read) return fail(read.error());
    return marks;
}

Result<std::vector<SenderUse>> Catalogue::use_by_sender(std::size_t most) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "SELECT sender, sum(blob_bytes) AS used, count(*) FROM entry WHERE place = 0 GROUP BY "
        "sender "
        "ORDER BY used DESC, sender");
    if (!statement) return fail(statement.error());
    std::vector<SenderUse> senders;
    SenderUse rest;
    auto const read = each_row(*statement, [&]() -> Status {
        SenderUse use{statement->text(0), statement->size(1), statement->size(2)};
        if (!use.sender.empty() && senders.size() < most) {
            senders.push_back(std::move(use));
        } else {
            rest.bytes += use.bytes;
            rest.blobs += use.blobs;
        }
        return {};
    });
    if (!read) return fail(read.error());
    if (rest.blobs > 0) senders.push_back(rest);
    return senders;
}

Result<std::vector<DayUse>> Catalogue::use_by_day() {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "SELECT stored / 86400 AS day, sum(blob_bytes), count(*) FROM entry WHERE place = 0 GROUP "
        "BY day "
        "ORDER BY day");
    if (!statement) return fail(statement.error());
    std::vector<DayUse> days;
    auto const read = each_row(*statement, [&]() -> Status {
        days.push_back({statement->size(0), statement->size(1), statement->size(2)});
        return {};
    });
    if (!read) return fail(read.error());
    return days;
}

}  // namespace satchel::node
