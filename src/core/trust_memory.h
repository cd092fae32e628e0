// The keys that this home has seen and believed: of domains, and of addresses at level
// `first-seen`. What is remembered can't be changed by whoever comes later (DESIGN.md section 3).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/address.h"
#include "src/core/domain_record.h"
#include "src/core/keys.h"

namespace satchel {

struct RememberedDomainKey {
    DomainRecord record;      ///< as it stood in DNS when it was last seen
    std::uint64_t since = 0;  ///< Unix seconds: first seen
    bool dnssec = false;      ///< DNSSEC vouched for it then

    friend bool operator==(RememberedDomainKey const&, RememberedDomainKey const&) = default;
};

/// Thread-safe; processes may share the file. Every call touches the disk. A damaged file is
/// Fault::corrupt, and then nothing it holds may count.
class TrustMemory {
public:
    static Result<TrustMemory> open(std::filesystem::path const& file);

    /// By `since`, oldest first. `domain` in A-labels.
    Result<std::vector<RememberedDomainKey>> domain_keys(std::string const& domain);

    /// In the place of all that was remembered of the domain, or not at all.
    Status remember_domain(std::string const& domain, std::vector<RememberedDomainKey> const& keys);

    /// False: nothing was remembered.
    Result<bool> forget_domain(std::string const& domain);

    Result<std::optional<UserKey>> first_seen_key(Address const& address);

    /// The key that counts from now on: this one, or the one that was remembered before.
    Result<UserKey> remember_first_seen(Address const& address, UserKey const& key,
                                        std::uint64_t now_seconds);
    Result<bool> forget_first_seen(Address const& address);

private:
    explicit TrustMemory(SqliteDatabase database)
        : database_(std::move(database))
        , mutex_(std::make_unique<std::mutex>()) {}

    Result<bool> forget(char const* sql, std::string const& name);

    SqliteDatabase database_;
    std::unique_ptr<std::mutex> mutex_;
};

}  // namespace satchel
