// Who this home is: addresses, user key, age identities, node key. Files 0600 in a 0700 folder;
// never logged.
#pragma once

#include <filesystem>
#include <vector>

#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/age_key.h"
#include "src/core/keys.h"

namespace satchel {

struct Identity {
    std::vector<Address> addresses;
    SigningKey user_key;
    std::vector<AgeIdentity> age;  ///< the current one first; older ones so that old mail opens
    SigningKey node_key;

    UserKey user_public() const { return UserKey(user_key.public_key()); }

    NodeKey node_public() const { return NodeKey(node_key.public_key()); }

    AgeRecipient recipient() const { return age.front().recipient(); }
};

Identity generate_identity(std::vector<Address> addresses, Randomness& randomness);

/// Writes `keys/` below the home: user.key and node.key (base64 seed), age.key (an age identity
/// file), addresses. Refuses (Fault::refused) to replace keys that exist.
Status save_identity(Identity const& identity, std::filesystem::path const& home);

/// Moves `keys/`, if there is one, to `keys.old-N`: never deleted, an old age identity opens old
/// mail.
Status set_keys_aside(std::filesystem::path const& home);

/// The user keys in `keys.old-N`, the last put aside first, at most `max`. Damaged ones are passed
/// over.
std::vector<SigningKey> old_user_keys(std::filesystem::path const& home, std::size_t max);

/// Fault::not_found: no keys here, run `satchel init`. Fault::config: a key file others may read,
/// or a damaged one.
Result<Identity> load_identity(std::filesystem::path const& home);

/// The user's keys and addresses, without this device's node key, as a text for export: lines
/// `address …`, `user-key …`, and age identities as in an identity file. Secret: wipe it.
std::string user_keys_text(Identity const& identity);

/// What user_keys_text() wrote, with a new node key. Fault::corrupt for anything else.
Result<Identity> identity_from_user_keys(ByteSpan text, Randomness& randomness);

Status save_addresses(std::vector<Address> const& addresses, std::filesystem::path const& home);

/// All identities of an age identity file (`#` comments allowed).
Result<std::vector<AgeIdentity>> load_age_identities(std::filesystem::path const& file);

/// A domain's signing key, in `keys/domain/<domain>.key`.
Status save_domain_key(SigningKey const& key, std::string const& domain,
                       std::filesystem::path const& home);
Result<SigningKey> load_domain_key(std::string const& domain, std::filesystem::path const& home);

/// Puts `key` in the place of the one that is there, which stays as `<domain>.key.old-N`: readers
/// who remember it need its word for the new one. Fault::not_found: there is none to follow.
Status replace_domain_key(SigningKey const& key, std::string const& domain,
                          std::filesystem::path const& home);

/// The current one first, then those before it, the newest of them first. Never empty.
Result<std::vector<SigningKey>> load_domain_keys(std::string const& domain,
                                                 std::filesystem::path const& home);

}  // namespace satchel
