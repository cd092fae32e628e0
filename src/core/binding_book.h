// What a home, as a domain's, has vouched for and taken back: living bindings, revocations, and the
// one-time codes that are out. Kept in the home, beside the domain keys.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/binding.h"

namespace satchel {

/// The domain takes an address's slot back: said again and again while an older binding would
/// still count.
struct Revocation {
    Address address;
    std::uint64_t epoch = 0;
    std::uint64_t until = 0;  ///< Unix seconds: when the last binding before it ends
};

/// A code that was mailed, as a hash; it is for one address and one pair of keys.
struct MailedCode {
    Address address;
    UserKey user_key;
    AgeRecipient age_recipient;
    std::array<Byte, 16> salt{};
    std::array<Byte, 32> hash{};
    std::uint64_t expires = 0;  ///< Unix seconds
    std::uint64_t tries_left = 0;
};

/// Not thread-safe. Processes may share the file.
class BindingBook {
public:
    static Result<BindingBook> open(std::filesystem::path const& file);

    /// Takes the place of what was bound or revoked before, and uses up the address's codes.
    Status note_binding(Binding const& binding);
    /// The last one, expired or not; none where it was revoked.
    Result<std::optional<Binding>> binding_of(Address const& address);

    /// The binding, if any, ends. The epoch is above all that were given before.
    Result<Revocation> revoke(Address const& address, std::uint64_t now_seconds);
    /// Those that still matter.
    Result<std::vector<Revocation>> revocations(std::uint64_t now_seconds);
    /// An epoch for the next binding of this address, above all before it.
    Result<std::uint64_t> next_epoch(Address const& address, std::uint64_t now_seconds);

    /// Takes the place of an older code for the same address and user key. `asker` is where the
    /// request came from, an IP address.
    Status note_mailed(MailedCode const& code, std::string const& asker, std::uint64_t now_seconds);
    Result<std::optional<MailedCode>> code_for(Address const& address, UserKey const& user_key);
    /// One more wrong code: at none left it is gone.
    Status count_wrong_try(MailedCode const& code);
    Status forget_code(MailedCode const& code);

    /// Codes mailed to the address, and asked for from `asker`, since then.
    struct Mailed {
        std::uint64_t to_address = 0;
        std::uint64_t by_asker = 0;
        std::uint64_t in_all = 0;
    };

    Result<Mailed> mailed_since(Address const& address, std::string const& asker,
                                std::uint64_t since_seconds);

private:
    explicit BindingBook(SqliteDatabase database)
        : database_(std::move(database)) {}

    Status run(char const* sql, auto const&... values);

    SqliteDatabase database_;
};

}  // namespace satchel
