// What a node keeps for storages that are away, in SQLite: a row per (blob, recipient). Blocks on
// the disk; safe from any thread.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/address.h"
#include "src/core/content_id.h"
#include "src/core/keys.h"

namespace satchel::node {

struct EscrowItem {
    std::string ticket;  ///< 32 hex digits, random
    ContentId content_id;
    std::uint64_t blob_bytes = 0;
    Address recipient;
    std::string sender;  ///< normal form, "" for none
    Bytes grant;         ///< age header for the recipient
    Bytes label;         ///< small age file for the recipient
    /// The recipient's nodes and user key as last seen: who may come for it.
    std::vector<NodeKey> nodes;
    std::optional<UserKey> user_key;
    Bytes receipt;      ///< encoded Receipt; empty while it waits
    std::string route;  ///< "" while it waits

    bool waits() const { return receipt.empty(); }
};

class EscrowIndex {
public:
    static Result<EscrowIndex> open(std::filesystem::path const& file);

    /// All or none.
    Status add(std::vector<EscrowItem> const& items);
    Result<std::optional<EscrowItem>> find(std::string const& ticket);
    Result<std::vector<EscrowItem>> waiting();
    /// Whether another ticket than this one waits for the same blob and recipient.
    Result<bool> has_twin(EscrowItem const& item);
    Status note_delivered(std::string const& ticket, ByteSpan receipt, std::string const& route);
    /// Of everything that waits for this recipient.
    Status note_seen(Address const& recipient, std::vector<NodeKey> const& nodes,
                     std::optional<UserKey> const& user_key);
    Status remove(std::string const& ticket);

private:
    explicit EscrowIndex(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::move(database)) {}

    Result<std::vector<EscrowItem>> select(char const* sql, std::string const& value);

    std::unique_ptr<std::mutex> guard_;
    SqliteDatabase database_;
};

}  // namespace satchel::node
