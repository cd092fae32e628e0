#include "src/core/trust_memory.h"

#include <algorithm>
#include <utility>

namespace satchel {

namespace {

using Lock = std::lock_guard<std::mutex>;

constexpr char const* schema = R"(
CREATE TABLE IF NOT EXISTS domain_key (
    domain TEXT NOT NULL,
    public_key BLOB NOT NULL,
    record TEXT NOT NULL,
    since INTEGER NOT NULL,
    dnssec INTEGER NOT NULL,
    PRIMARY KEY (domain, public_key)
) STRICT;
CREATE TABLE IF NOT EXISTS first_seen (
    address TEXT PRIMARY KEY,
    user_key BLOB NOT NULL,
    since INTEGER NOT NULL
) STRICT;
)";

tl::unexpected<Error> damaged(std::string const& what) {
    return fail(Fault::corrupt, "the memory of keys seen is damaged: " + what);
}

}  // namespace

Result<TrustMemory> TrustMemory::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, 1, schema);
    if (!database) return fail(database.error());
    return TrustMemory(std::move(*database));
}

Result<std::vector<RememberedDomainKey>> TrustMemory::domain_keys(std::string const& domain) {
    Lock const lock(*mutex_);
    auto statement = database_.prepare(
        "SELECT public_key, record, since, dnssec FROM domain_key WHERE domain = ? "
        "ORDER BY since, public_key");
    if (!statement) return fail(statement.error());
    statement->bind(domain);
    std::vector<RememberedDomainKey> keys;
    for (;;) {
        auto const row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return keys;
        auto record = DomainRecord::parse(statement->text(1));
        if (!record) return damaged("a record of " + domain + ": " + record.error().what);
        if (statement->blob(0) != copy_of(record->key.bytes))
            return damaged("a key of " + domain + " is not the one in its record");
        keys.push_back({std::move(*record), statement->size(2), statement->integer(3) != 0});
    }
}

Status TrustMemory::remember_domain(std::string const& domain,
                                    std::vector<RememberedDomainKey> const& keys) {
    Lock const lock(*mutex_);
    return database_.transaction([&]() -> Status {
        auto erase = database_.prepare("DELETE FROM domain_key WHERE domain = ?");
        if (!erase) return fail(erase.error());
        if (auto done = erase->bind(domain).run(); !done) return done;
        auto insert = database_.prepare(
            "INSERT OR REPLACE INTO domain_key (domain, public_key, record, since, dnssec) "
            "VALUES (?, ?, ?, ?, ?)");
        if (!insert) return fail(insert.error());
        for (RememberedDomainKey const& key : keys) {
            insert->bind(domain, key.record.key.bytes, key.record.to_text(), key.since,
                         key.dnssec ? 1 : 0);
            if (auto done = insert->run(); !done) return done;
        }
        return {};
    });
}

Result<bool> TrustMemory::forget(char const* sql, std::string const& name) {
    Lock const lock(*mutex_);
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    if (auto done = statement->bind(name).run(); !done) return fail(done.error());
    return database_.changed_rows() > 0;
}

Result<bool> TrustMemory::forget_domain(std::string const& domain) {
    return forget("DELETE FROM domain_key WHERE domain = ?", domain);
}

Result<std::optional<UserKey>> TrustMemory::first_seen_key(Address const& address) {
    Lock const lock(*mutex_);
    auto statement = database_.prepare("SELECT user_key FROM first_seen WHERE address = ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text()).step();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<UserKey>();
    auto const bytes = statement->blob(0);
    UserKey key;
    if (bytes.size() != key.bytes.size()) return damaged("the key of " + address.text());
    std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
    return std::optional(key);
}

Result<UserKey> TrustMemory::remember_first_seen(Address const& address, UserKey const& key,
                                                 std::uint64_t now_seconds) {
    {
        Lock const lock(*mutex_);
        // Who was first stays: two lookups at once, or two processes, agree.
        auto statement = database_.prepare(
            "INSERT INTO first_seen (address, user_key, since) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING");
        if (!statement) return fail(statement.error());
        statement->bind(address.text(), key.bytes, now_seconds);
        if (auto done = statement->run(); !done) return fail(done.error());
    }
    auto const remembered = first_seen_key(address);
    if (!remembered) return fail(remembered.error());
    if (!*remembered) return fail(Fault::io, "the key of " + address.text() + " was not kept");
    return **remembered;
}

Result<bool> TrustMemory::forget_first_seen(Address const& address) {
    return forget("DELETE FROM first_seen WHERE address = ?", address.text());
}

}  // namespace satchel
