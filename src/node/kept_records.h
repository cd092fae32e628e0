// The records that a gateway keeps alive for its domains' users, on disk: the newest of each slot.
// Blocks; safe from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "dht/location_service.h"
#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/address.h"

namespace satchel::node {

struct KeptRecord {
    Address address;  ///< whose storage record it is, or whose node's presence
    RecordEnvelope record;
};

class KeptRecords {
public:
    static Result<KeptRecords> open(std::filesystem::path const& file);

    /// Takes the place of what was kept in its slot. Fault::refused: that is as new, or newer.
    Status put(KeptRecord const& kept);
    Result<std::optional<KeptRecord>> find(location::RecordPlace const& place);
    Result<std::vector<KeptRecord>> all();
    Result<std::uint64_t> count_of(Address const& address);
    Status drop_expired(std::uint64_t now_seconds);

private:
    explicit KeptRecords(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::move(database)) {}

    Result<std::optional<KeptRecord>> find_locked(location::RecordPlace const& place);

    std::unique_ptr<std::mutex> guard_;
    SqliteDatabase database_;
};

}  // namespace satchel::node
