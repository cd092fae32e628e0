#include "transfer/blob_index.h"

#include <algorithm>

namespace satchel::transfer {

namespace {

constexpr int schema_version = 3;  // 1: nothing was set aside; 2: no bytes were kept

constexpr char const* schema = R"(
CREATE TABLE IF NOT EXISTS blob (
    id    BLOB PRIMARY KEY,
    size  INTEGER NOT NULL,
    layer BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS holding (
    blob        BLOB NOT NULL REFERENCES blob(id) ON DELETE CASCADE,
    recipient   BLOB NOT NULL,
    sender      TEXT NOT NULL,
    offer       BLOB NOT NULL,
    grant_bytes BLOB NOT NULL,
    label       BLOB NOT NULL,
    stored      INTEGER NOT NULL,
    PRIMARY KEY (blob, recipient)
);
CREATE INDEX IF NOT EXISTS holding_by_sender ON holding(sender, blob);
CREATE TABLE IF NOT EXISTS partial (
    id      BLOB PRIMARY KEY,
    size    INTEGER NOT NULL,
    sender  TEXT NOT NULL,
    layer   BLOB NOT NULL,
    touched INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS set_aside (
    blob BLOB PRIMARY KEY REFERENCES blob(id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS kept_bytes (
    blob  BLOB PRIMARY KEY REFERENCES blob(id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
);
)";

template <std::size_t N>
Result<std::array<Byte, N>> array_of(Bytes const& bytes) {
    std::array<Byte, N> out{};
    if (bytes.size() != N) return fail(Fault::corrupt, "blob index: a field has the wrong length");
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

Result<ContentId> read_id(SqliteStatement const& row, int column) {
    auto const bytes = array_of<32>(row.blob(column));
    if (!bytes) return fail(bytes.error());
    return ContentId{*bytes};
}

Result<Holding> read_holding(SqliteStatement const& row, int first) {
    auto const recipient = array_of<32>(row.blob(first));
    auto const offer = array_of<16>(row.blob(first + 2));
    if (!recipient) return fail(recipient.error());
    if (!offer) return fail(offer.error());
    Holding holding;
    holding.recipient = *recipient;
    holding.sender = row.text(first + 1);
    holding.offer.bytes = *offer;
    holding.grant = row.blob(first + 3);
    holding.label = row.blob(first + 4);
    holding.stored = row.size(first + 5);
    return holding;
}

Result<PartialBlob> read_partial(SqliteStatement const& row) {
    auto const id = read_id(row, 0);
    if (!id) return fail(id.error());
    return PartialBlob{*id, row.size(1), row.text(2), row.blob(3), row.size(4)};
}

constexpr char const* insert_holding =
    "INSERT OR REPLACE INTO holding (blob, recipient, sender, offer, grant_bytes, label, stored) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)";

/// What a blob that came again was held by stays as it was.
constexpr char const* insert_new_holding =
    "INSERT OR IGNORE INTO holding (blob, recipient, sender, offer, grant_bytes, label, stored) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)";

constexpr char const* delete_partial = "DELETE FROM partial WHERE id = ?";

}  // namespace

template <class... Values>
Status BlobIndex::run(std::string_view sql, Values const&... values) {
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    return statement->bind(values...).run();
}

template <class Read, class... Values>
Status BlobIndex::each_row(std::string_view sql, Read const& read, Values const&... values) {
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    statement->bind(values...);
    for (;;) {
        auto const row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return {};
        if (Status done = read(*statement); !done) return done;
    }
}

Result<BlobIndex> BlobIndex::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    return BlobIndex(std::move(*database));
}

Status BlobIndex::add(ContentId const& id, std::uint64_t size, ByteSpan layer,
                      Holding const& holding, ByteSpan bytes) {
    return database_.transaction([&]() -> Status {
        auto done = run("DELETE FROM set_aside WHERE blob = ?", id.bytes);
        bool const again = done && database_.changed_rows() > 0;
        if (done && !again)
            done =
                run("INSERT INTO blob (id, size, layer) VALUES (?, ?, ?)", id.bytes, size, layer);
        if (done) done = insert(again ? insert_new_holding : insert_holding, id, holding);
        if (done) done = run(delete_partial, id.bytes);
        if (done && !bytes.empty())
            done = run("INSERT OR REPLACE INTO kept_bytes (blob, bytes) VALUES (?, ?)", id.bytes,
                       bytes);
        return done;
    });
}

Result<std::set<ContentId>> BlobIndex::with_kept_bytes() {
    return ids("SELECT blob FROM kept_bytes");
}

Result<Bytes> BlobIndex::kept_bytes(ContentId const& id) {
    return one_field("SELECT bytes FROM kept_bytes WHERE blob = ?", id);
}

Status BlobIndex::forget_bytes(std::set<ContentId> const& ids) {
    if (ids.empty()) return {};
    auto const forget = [&]() -> Status {
        for (ContentId const& id : ids)
            if (auto gone = run("DELETE FROM kept_bytes WHERE blob = ?", id.bytes); !gone)
                return gone;
        return {};
    };
    return database_.lightly([&] { return database_.transaction(forget); });
}

Status BlobIndex::hold(ContentId const& id, Holding const& holding) {
    return insert(insert_holding, id, holding);
}

Status BlobIndex::insert(std::string_view sql, ContentId const& id, Holding const& holding) {
    return run(sql, id.bytes, holding.recipient, holding.sender, holding.offer.bytes, holding.grant,
               holding.label, holding.stored);
}

Status BlobIndex::put_aside(ContentId const& id) {
    return run("INSERT OR IGNORE INTO set_aside (blob) VALUES (?)", id.bytes);
}

Result<std::set<ContentId>> BlobIndex::set_aside() {
    return ids("SELECT blob FROM set_aside");
}

Result<std::set<ContentId>> BlobIndex::ids(std::string_view sql) {
    std::set<ContentId> all;
    auto const done = each_row(sql, [&](SqliteStatement const& row) -> Status {
        auto const id = read_id(row, 0);
        if (!id) return fail(id.error());
        all.insert(*id);
        return {};
    });
    if (!done) return fail(done.error());
    return all;
}

Result<std::optional<std::uint64_t>> BlobIndex::set_aside_size(ContentId const& id) {
    return one_size("SELECT size FROM blob JOIN set_aside ON blob = id WHERE id = ?", id);
}

Result<Released> BlobIndex::release(ContentId const& id, AddressTag const& recipient,
                                    bool partial_too) {
    Released released;
    auto const done = database_.transaction([&]() -> Status {
        auto ended =
            run("DELETE FROM holding WHERE blob = ? AND recipient = ?", id.bytes, recipient);
        if (!ended) return ended;
        released.holding = database_.changed_rows() > 0;
        ended =
            run("DELETE FROM blob WHERE id = ?1 AND NOT EXISTS "
                "(SELECT 1 FROM holding WHERE blob = ?1)",
                id.bytes);
        released.blob = ended && database_.changed_rows() > 0;
        if (released.blob && partial_too) ended = run(delete_partial, id.bytes);
        return ended;
    });
    if (!done) return fail(done.error());
    return released;
}

Status BlobIndex::forget(ContentId const& id) {
    return run("DELETE FROM blob WHERE id = ?", id.bytes);
}

Result<std::optional<std::uint64_t>> BlobIndex::size_of(ContentId const& id) {
    return one_size(
        "SELECT size FROM blob WHERE id = ?1 AND "
        "NOT EXISTS (SELECT 1 FROM set_aside WHERE blob = ?1)",
        id);
}

Result<std::optional<std::uint64_t>> BlobIndex::one_size(std::string_view sql,
                                                         ContentId const& id) {
    std::optional<std::uint64_t> size;
    auto const done = each_row(
        sql,
        [&](SqliteStatement const& row) -> Status {
            size = row.size(0);
            return {};
        },
        id.bytes);
    if (!done) return fail(done.error());
    return size;
}

Result<std::optional<HeldBlob>> BlobIndex::find(ContentId const& id) {
    auto listed = find_listed(id);
    if (listed && *listed && (*listed)->set_aside) listed->reset();
    return listed;
}

Result<std::optional<HeldBlob>> BlobIndex::find_listed(ContentId const& id) {
    auto found = select("(SELECT id, size, rowid AS arrival FROM blob WHERE id = ?) AS blob",
                        "arrival", id.bytes);
    if (!found) return fail(found.error());
    if (found->empty()) return std::optional<HeldBlob>();
    return std::optional(std::move(found->front()));
}

Result<std::vector<HeldBlob>> BlobIndex::list() {
    return select("(SELECT id, size, rowid AS arrival FROM blob) AS blob", "arrival");
}

Result<std::vector<HeldBlob>> BlobIndex::list_after(std::optional<ContentId> const& after,
                                                    std::size_t most) {
    // Every id is more than no bytes at all.
    ByteSpan const least = after ? ByteSpan(after->bytes) : ByteSpan();
    return select(
        "(SELECT id, size, rowid AS arrival FROM blob WHERE id > ? ORDER BY id LIMIT ?) AS blob",
        "blob.id", least, std::uint64_t{most});
}

Result<std::vector<HeldBlob>> BlobIndex::list_arrived_after(std::uint64_t arrival,
                                                            std::size_t most) {
    return select(
        "(SELECT id, size, rowid AS arrival FROM blob WHERE rowid > ? ORDER BY rowid LIMIT ?) AS "
        "blob",
        "arrival", arrival, std::uint64_t{most});
}

/// The blobs of a table or a selection, with their holdings.
template <class... Values>
Result<std::vector<HeldBlob>> BlobIndex::select(std::string_view from, std::string_view order,
                                                Values const&... values) {
    std::vector<HeldBlob> blobs;
    auto const done = each_row(
        "SELECT blob.id, size, recipient, sender, offer, grant_bytes, label, stored, arrival, "
        "EXISTS (SELECT 1 FROM set_aside WHERE set_aside.blob = blob.id) FROM " +
            std::string(from) + " JOIN holding ON holding.blob = blob.id ORDER BY " +
            std::string(order) + ", stored, recipient",
        [&](SqliteStatement const& row) -> Status {
            auto const id = read_id(row, 0);
            if (!id) return fail(id.error());
            auto holding = read_holding(row, 2);
            if (!holding) return fail(holding.error());
            if (blobs.empty() || blobs.back().id != *id) {
                blobs.push_back({*id, row.size(1), {}, row.size(8), row.size(9) != 0});
            }
            blobs.back().holdings.push_back(std::move(*holding));
            return {};
        },
        values...);
    if (!done) return fail(done.error());
    return blobs;
}

Result<Bytes> BlobIndex::layer(ContentId const& id) {
    return one_field(
        "SELECT layer FROM blob WHERE id = ?1 AND "
        "NOT EXISTS (SELECT 1 FROM set_aside WHERE blob = ?1)",
        id);
}

Result<Bytes> BlobIndex::one_field(std::string_view sql, ContentId const& id) {
    std::optional<Bytes> field;
    auto const read = [&](SqliteStatement const& row) -> Status {
        field = row.blob(0);
        return {};
    };
    if (auto const done = each_row(sql, read, id.bytes); !done) return fail(done.error());
    if (!field) return fail(Fault::not_found, "blob " + id.short_form() + " is not here");
    return std::move(*field);
}

Result<IndexTotals> BlobIndex::totals() {
    IndexTotals totals;
    auto const done = each_row("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM blob",
                               [&](SqliteStatement const& row) -> Status {
                                   totals = {row.size(0), row.size(1)};
                                   return {};
                               });
    if (!done) return fail(done.error());
    return totals;
}

Result<std::uint64_t> BlobIndex::bytes_from(std::string const& sender) {
    std::uint64_t bytes = 0;
    auto const done = each_row(
        "SELECT COALESCE(SUM(size), 0) FROM blob "
        "WHERE id IN (SELECT blob FROM holding WHERE sender = ?)",
        [&](SqliteStatement const& row) -> Status {
            bytes = row.size(0);
            return {};
        },
        sender);
    if (!done) return fail(done.error());
    return bytes;
}

Result<bool> BlobIndex::holds_from(ContentId const& id, std::string const& sender) {
    bool holds = false;
    auto const done = each_row(
        "SELECT 1 FROM holding WHERE blob = ? AND sender = ?",
        [&](SqliteStatement const&) -> Status {
            holds = true;
            return {};
        },
        id.bytes, sender);
    if (!done) return fail(done.error());
    return holds;
}

Status BlobIndex::put_partial(PartialBlob const& partial) {
    return database_.lightly([&] {
        return run(
            "INSERT OR REPLACE INTO partial (id, size, sender, layer, touched) "
            "VALUES (?, ?, ?, ?, ?)",
            partial.id.bytes, partial.size, partial.sender, partial.layer, partial.touched);
    });
}

Status BlobIndex::drop_partial(ContentId const& id) {
    return database_.lightly([&] { return run(delete_partial, id.bytes); });
}

Result<std::optional<PartialBlob>> BlobIndex::partial(ContentId const& id) {
    std::optional<PartialBlob> found;
    auto const done = each_row(
        "SELECT id, size, sender, layer, touched FROM partial WHERE id = ?",
        [&](SqliteStatement const& row) -> Status {
            auto partial = read_partial(row);
            if (!partial) return fail(partial.error());
            found = std::move(*partial);
            return {};
        },
        id.bytes);
    if (!done) return fail(done.error());
    return found;
}

Result<std::vector<PartialBlob>> BlobIndex::partials() {
    std::vector<PartialBlob> all;
    auto const done = each_row("SELECT id, size, sender, layer, touched FROM partial",
                               [&](SqliteStatement const& row) -> Status {
                                   auto partial = read_partial(row);
                                   if (!partial) return fail(partial.error());
                                   all.push_back(std::move(*partial));
                                   return {};
                               });
    if (!done) return fail(done.error());
    return all;
}

}  // namespace satchel::transfer
