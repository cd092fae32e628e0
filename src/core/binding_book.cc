#include "src/core/binding_book.h"

#include <algorithm>

namespace satchel {

namespace {

constexpr int schema_version = 1;

constexpr char const* schema = R"sql(
CREATE TABLE IF NOT EXISTS bound (
    address TEXT PRIMARY KEY,
    binding BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS revoked (
    address TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS code (
    address TEXT NOT NULL,
    user_key BLOB NOT NULL,
    age_recipient BLOB NOT NULL,
    salt BLOB NOT NULL,
    hash BLOB NOT NULL,
    expires INTEGER NOT NULL,
    tries_left INTEGER NOT NULL,
    PRIMARY KEY (address, user_key)
) STRICT;
CREATE TABLE IF NOT EXISTS mailed (
    at INTEGER NOT NULL,
    address TEXT NOT NULL,
    asker TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS mailed_at ON mailed(at);
)sql";

/// Where no binding is known: somebody else may have given one, for as long as one may last.
constexpr std::uint64_t longest_binding_seconds = 3650ULL * 24 * 3600;
constexpr std::uint64_t mailed_kept_seconds = 24 * 3600;

template <std::size_t N>
bool copy_to(Bytes const& from, std::array<Byte, N>& to) {
    if (from.size() != N) return false;
    std::copy(from.begin(), from.end(), to.begin());
    return true;
}

}  // namespace

Status BindingBook::run(char const* sql, auto const&... values) {
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    return statement->bind(values...).run();
}

Result<BindingBook> BindingBook::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    return BindingBook(std::move(*database));
}

Status BindingBook::note_binding(Binding const& binding) {
    std::string const address = binding.address.text();
    return database_.transaction([&]() -> Status {
        Status done = run("INSERT OR REPLACE INTO bound VALUES(?,?,?,?)", address,
                          encode_binding(binding), binding.slot_epoch, binding.expires);
        if (done) done = run("DELETE FROM revoked WHERE address = ?", address);
        if (done) done = run("DELETE FROM code WHERE address = ?", address);
        return done;
    });
}

Result<std::optional<Binding>> BindingBook::binding_of(Address const& address) {
    auto statement = database_.prepare("SELECT binding FROM bound WHERE address = ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text()).step();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<Binding>();
    auto binding = decode_binding(statement->blob(0));
    if (!binding) return fail(binding.error());
    return std::optional(std::move(*binding));
}

Result<std::uint64_t> BindingBook::next_epoch(Address const& address, std::uint64_t now_seconds) {
    auto statement = database_.prepare(
        "SELECT max(epoch) FROM (SELECT epoch FROM bound WHERE address = ?1 UNION ALL SELECT epoch "
        "FROM revoked WHERE address = ?1)");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text()).step();
    if (!row) return fail(row.error());
    // Seconds as epochs: each outranks the one before, also one that another home has given.
    return std::max(now_seconds, statement->size(0) + 1);
}

Result<Revocation> BindingBook::revoke(Address const& address, std::uint64_t now_seconds) {
    auto const epoch = next_epoch(address, now_seconds);
    if (!epoch) return fail(epoch.error());
    auto const bound = binding_of(address);
    if (!bound) return fail(bound.error());
    Revocation const revocation{
        address, *epoch,
        *bound ? std::max((*bound)->expires, now_seconds) : now_seconds + longest_binding_seconds};
    Status const done = database_.transaction([&]() -> Status {
        Status step = run("INSERT OR REPLACE INTO revoked VALUES(?,?,?)", address.text(),
                          revocation.epoch, revocation.until);
        if (step) step = run("DELETE FROM bound WHERE address = ?", address.text());
        if (step) step = run("DELETE FROM code WHERE address = ?", address.text());
        return step;
    });
    if (!done) return fail(done.error());
    return revocation;
}

Result<std::vector<Revocation>> BindingBook::revocations(std::uint64_t now_seconds) {
    auto statement = database_.prepare("SELECT address, epoch, until FROM revoked WHERE until > ?");
    if (!statement) return fail(statement.error());
    statement->bind(now_seconds);
    std::vector<Revocation> revocations;
    for (;;) {
        auto const row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return revocations;
        auto address = Address::parse(statement->text(0));
        if (!address) return fail(address.error());
        revocations.push_back({std::move(*address), statement->size(1), statement->size(2)});
    }
}

Status BindingBook::note_mailed(MailedCode const& code, std::string const& asker,
                                std::uint64_t now_seconds) {
    std::string const address = code.address.text();
    return database_.transaction([&]() -> Status {
        Status done =
            run("INSERT OR REPLACE INTO code VALUES(?,?,?,?,?,?,?)", address, code.user_key.bytes,
                code.age_recipient.bytes, code.salt, code.hash, code.expires, code.tries_left);
        if (done) done = run("INSERT INTO mailed VALUES(?,?,?)", now_seconds, address, asker);
        std::uint64_t const old = now_seconds - std::min(now_seconds, mailed_kept_seconds);
        if (done) done = run("DELETE FROM mailed WHERE at < ?", old);
        if (done) done = run("DELETE FROM code WHERE expires < ?", now_seconds);
        return done;
    });
}

Result<std::optional<MailedCode>> BindingBook::code_for(Address const& address,
                                                        UserKey const& user_key) {
    auto statement = database_.prepare(
        "SELECT age_recipient, salt, hash, expires, tries_left FROM code WHERE address = ? AND "
        "user_key = ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text(), user_key.bytes).step();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<MailedCode>();
    MailedCode code{.address = address,
                    .user_key = user_key,
                    .age_recipient = {},
                    .expires = statement->size(3),
                    .tries_left = statement->size(4)};
    bool const whole = copy_to(statement->blob(0), code.age_recipient.bytes) &&
                       copy_to(statement->blob(1), code.salt) &&
                       copy_to(statement->blob(2), code.hash);
    if (!whole) return fail(Fault::corrupt, "the book of bindings is damaged");
    return std::optional(code);
}

Status BindingBook::count_wrong_try(MailedCode const& code) {
    if (code.tries_left <= 1) return forget_code(code);
    return run("UPDATE code SET tries_left = tries_left - 1 WHERE address = ? AND user_key = ?",
               code.address.text(), code.user_key.bytes);
}

Status BindingBook::forget_code(MailedCode const& code) {
    return run("DELETE FROM code WHERE address = ? AND user_key = ?", code.address.text(),
               code.user_key.bytes);
}

Result<BindingBook::Mailed> BindingBook::mailed_since(Address const& address,
                                                      std::string const& asker,
                                                      std::uint64_t since_seconds) {
    auto statement = database_.prepare(
        "SELECT coalesce(sum(address = ?), 0), coalesce(sum(asker = ?), 0), count(*) FROM mailed "
        "WHERE at >= ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text(), asker, since_seconds).step();
    if (!row) return fail(row.error());
    return Mailed{statement->size(0), statement->size(1), statement->size(2)};
}

}  // namespace satchel
