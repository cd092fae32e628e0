#include "src/core/address_book.h"

#include <algorithm>
#include <set>
#include <utility>

namespace satchel {

namespace {

constexpr std::size_t expanded_addresses = 1'000;
constexpr std::size_t group_name_octets = 64;

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

bool is_address(std::string_view name) {
    return name.find('@') != std::string_view::npos;
}

Status check_group_name(std::string const& name) {
    bool const clean = std::all_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '@' && c != ',';
    });
    if (name.empty() || name.size() > group_name_octets || !clean) {
        return fail(Fault::usage,
                    "a group name has 1 to 64 octets, without blanks, commas and @: \"" +
                        name.substr(0, group_name_octets) + '"');
    }
    return {};
}

/// Walks the groups depth first, with a stack of its own: their nesting is data.
class Expansion {
public:
    explicit Expansion(Groups const& groups)
        : groups_(groups) {}

    Status add(std::string const& recipient) {
        if (auto entered = enter(recipient); !entered) return entered;
        while (!open_.empty()) {
            auto& [group, next] = open_.back();
            if (next == group->second.size()) {
                finished_.insert(group->first);
                open_.pop_back();
            } else if (auto entered = enter(group->second[next++]); !entered) {
                return entered;
            }
        }
        return {};
    }

    std::vector<Address> take() { return std::move(addresses_); }

private:
    struct OpenGroup {
        Groups::const_pointer group;
        std::size_t next;  ///< index of the member to enter next
    };

    Status enter(std::string const& name) {
        if (is_address(name)) return enter_address(name);
        auto const found = groups_.find(name);
        if (found == groups_.end()) {
            return fail(Fault::usage,
                        '"' + name.substr(0, group_name_octets) +
                            "\" is neither an e-mail address nor a group; see: satchel group ls");
        }
        if (finished_.contains(name)) return {};
        if (!begun_.insert(name).second)
            return fail(Fault::usage, "group " + name + " contains itself");
        open_.push_back({&*found, 0});
        return {};
    }

    Status enter_address(std::string const& text) {
        auto address = Address::parse(text);
        if (!address) return fail(Fault::usage, text + ": " + address.error().what);
        if (!seen_.insert(address->text()).second) return {};
        if (addresses_.size() == expanded_addresses) {
            return fail(Fault::usage,
                        "more than " + std::to_string(expanded_addresses) + " addresses");
        }
        addresses_.push_back(std::move(*address));
        return {};
    }

    Groups const& groups_;
    std::vector<OpenGroup> open_;
    std::set<std::string> begun_;
    std::set<std::string> finished_;
    std::set<std::string> seen_;
    std::vector<Address> addresses_;
};

Result<UserKey> key_of(Bytes const& blob, std::string const& address) {
    UserKey key;
    if (blob.size() != key.bytes.size())
        return fail(Fault::corrupt, "address book: the key of " + address + " is damaged");
    std::copy(blob.begin(), blob.end(), key.bytes.begin());
    return key;
}

}  // namespace

Result<std::vector<Address>> expand_groups(std::vector<std::string> const& recipients,
                                           Groups const& groups) {
    Expansion expansion(groups);
    for (std::string const& recipient : recipients)
        if (auto added = expansion.add(recipient); !added) return fail(added.error());
    return expansion.take();
}

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
