#include "src/core/address_book.h"

#include <algorithm>
#include <utility>

namespace satchel {

namespace {

constexpr char const* schema = R"(
CREATE TABLE IF NOT EXISTS contact (
    address TEXT PRIMARY KEY,
    user_key BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS group_member (
    id INTEGER PRIMARY KEY,
    group_name TEXT NOT NULL,
    member TEXT NOT NULL,
    UNIQUE (group_name, member)
) STRICT;
)";

Result<UserKey> key_of(Bytes const& blob, std::string const& address) {
    UserKey key;
    if (blob.size() != key.bytes.size())
        return fail(Fault::corrupt, "address book: the key of " + address + " is damaged");
    std::copy(blob.begin(), blob.end(), key.bytes.begin());
    return key;
}

}  // namespace

Result<AddressBook> AddressBook::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, 1, schema);
    if (!database) return fail(database.error());
    return AddressBook(std::move(*database));
}

Status AddressBook::add_contact(Contact const& contact) {
    auto statement = database_.prepare(
        "INSERT INTO contact (address, user_key) VALUES (?, ?) "
        "ON CONFLICT (address) DO UPDATE SET user_key = excluded.user_key");
    if (!statement) return fail(statement.error());
    return statement->bind(contact.address.text(), contact.user_key.bytes).run();
}

Result<bool> AddressBook::remove_contact(Address const& address) {
    auto statement = database_.prepare("DELETE FROM contact WHERE address = ?");
    if (!statement) return fail(statement.error());
    if (auto done = statement->bind(address.text()).run(); !done) return fail(done.error());
    return database_.changed_rows() > 0;
}

Result<std::vector<Contact>> AddressBook::contacts() {
    auto statement = database_.prepare("SELECT address, user_key FROM contact ORDER BY address");
    if (!statement) return fail(statement.error());
    std::vector<Contact> contacts;
    for (;;) {
        auto const row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return contacts;
        auto address = Address::parse(statement->text(0));
        if (!address) return fail(Fault::corrupt, "address book: " + address.error().what);
        auto const key = key_of(statement->blob(1), address->text());
        if (!key) return fail(key.error());
        contacts.push_back({std::move(*address), *key});
    }
}

Result<std::optional<UserKey>> AddressBook::pinned_key(Address const& address) {
    auto statement = database_.prepare("SELECT user_key FROM contact WHERE address = ?");
    if (!statement) return fail(statement.error());
    auto const row = statement->bind(address.text()).step();
    if (!row) return fail(row.error());
    if (!*row) return std::optional<UserKey>();
    auto const key = key_of(statement->blob(0), address.text());
    if (!key) return fail(key.error());
    return std::optional(*key);
}

Status AddressBook::add_to_group(std::string const& name, std::vector<std::string> const& members) {
    if (auto good = check_group_name(name); !good) return good;
    return database_.transaction([&]() -> Status {
        auto statement = database_.prepare(
            "INSERT INTO group_member (group_name, member) VALUES (?, ?) ON CONFLICT DO NOTHING");
        if (!statement) return fail(statement.error());
        for (std::string const& member : members) {
            std::string normal = member;
            if (is_address(member)) {
                auto const address = Address::parse(member);
                if (!address) return fail(Fault::usage, member + ": " + address.error().what);
                normal = address->text();
            } else if (auto good = check_group_name(member); !good) {
                return good;
            }
            if (auto done = statement->bind(name, normal).run(); !done) return done;
        }
        return {};
    });
}

Result<bool> AddressBook::remove_group(std::string const& name) {
    auto statement = database_.prepare("DELETE FROM group_member WHERE group_name = ?");
    if (!statement) return fail(statement.error());
    if (auto done = statement->bind(name).run(); !done) return fail(done.error());
    return database_.changed_rows() > 0;
}

Result<Groups> AddressBook::groups() {
    auto statement = database_.prepare("SELECT group_name, member FROM group_member ORDER BY id");
    if (!statement) return fail(statement.error());
    Groups groups;
    for (;;) {
        auto const row = statement->step();
        if (!row) return fail(row.error());
        if (!*row) return groups;
        groups[statement->text(0)].push_back(statement->text(1));
    }
}

}  // namespace satchel
