#include "src/node/kept_records.h"

#include "dht/record_policy.h"

namespace satchel::node {

namespace {

constexpr int schema_version = 1;

constexpr char const* schema = R"sql(
CREATE TABLE IF NOT EXISTS kept (
    dht_key BLOB NOT NULL,
    kind INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    address TEXT NOT NULL,
    record BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (dht_key, kind, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_address ON kept(address);
CREATE INDEX IF NOT EXISTS kept_expires ON kept(expires);
)sql";

Result<KeptRecord> kept_at(SqliteStatement const& row) {
    auto address = Address::parse(row.text(0));
    if (!address) return fail(address.error());
    auto record = decode_record(row.blob(1));
    if (!record) return fail(record.error());
    return KeptRecord{std::move(*address), std::move(*record)};
}

int number_of(RecordKind kind) {
    return static_cast<int>(kind);
}

}  // namespace

Result<KeptRecords> KeptRecords::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    return KeptRecords(std::move(*database));
}

Result<std::optional<KeptRecord>> KeptRecords::find_locked(location::RecordPlace const& place) {
    auto statement = database_.prepare(
        "SELECT address, record FROM kept WHERE dht_key = ? AND kind = ? AND slot = ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(place.key.bytes, number_of(place.kind), place.slot).step();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<KeptRecord>();
    auto kept = kept_at(*statement);
    if (!kept) return fail(kept.error());
    return std::optional(std::move(*kept));
}

Result<std::optional<KeptRecord>> KeptRecords::find(location::RecordPlace const& place) {
    std::lock_guard const lock(*guard_);
    return find_locked(place);
}

Status KeptRecords::put(KeptRecord const& kept) {
    std::lock_guard const lock(*guard_);
    auto const place = location::place_of(kept.record);
    auto const old = find_locked(place);
    if (!old) return fail(old.error());
    if (*old && !supersedes(kept.record, (*old)->record))
        return fail(Fault::refused, "as new a record is kept already");
    auto statement = database_.prepare("INSERT OR REPLACE INTO kept VALUES(?,?,?,?,?,?)");
    if (!statement) return fail(statement.error());
    return statement
        ->bind(place.key.bytes, number_of(place.kind), place.slot, kept.address.text(),
               encode_record(kept.record), kept.record.expires)
        .run();
}

Result<std::vector<KeptRecord>> KeptRecords::all() {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("SELECT address, record FROM kept");
    if (!statement) return fail(statement.error());
    std::vector<KeptRecord> records;
    for (;;) {
        auto const row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return records;
        auto kept = kept_at(*statement);
        if (!kept) return fail(kept.error());
        records.push_back(std::move(*kept));
    }
}

Result<std::uint64_t> KeptRecords::count_of(Address const& address) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("SELECT count(*) FROM kept WHERE address = ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text()).step();
    if (!row) return fail(row.error());
    return statement->size(0);
}

Status KeptRecords::drop_expired(std::uint64_t now_seconds) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("DELETE FROM kept WHERE expires <= ?");
    if (!statement) return fail(statement.error());
    return statement->bind(now_seconds).run();
}

}  // namespace satchel::node
