// Contacts (address and pinned user key) and groups (a name for addresses and other groups), kept
// in the home.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/address.h"
#include "src/core/keys.h"
#include "src/core/recipient_groups.h"

namespace satchel {

struct Contact {
    Address address;
    UserKey user_key;
};

/// Not thread-safe. Processes may share the file.
class AddressBook {
public:
    static Result<AddressBook> open(std::filesystem::path const& file);

    Status add_contact(Contact const& contact);  ///< replaces the key of an address
    Result<bool> remove_contact(Address const& address);
    Result<std::vector<Contact>> contacts();
    Result<std::optional<UserKey>> pinned_key(Address const& address);

    Status add_to_group(std::string const& name, std::vector<std::string> const& members);
    Result<bool> remove_group(std::string const& name);
    Result<Groups> groups();

private:
    explicit AddressBook(SqliteDatabase database)
        : database_(std::move(database)) {}

    SqliteDatabase database_;
};

}  // namespace satchel
