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
    Bytes receipt;                    ///< encoded Receipt, the first; empty while it waits
    std::string route;                ///< "" while it waits
    std::string name{};               ///< of the file: for whoever lists receipts
    std::string message_id{};         ///< likewise; "" where there is no message
    std::vector<NodeKey> copies{};    ///< nodes whose receipts are in
    std::uint64_t copies_wanted = 0;  ///< as last seen; 0: not known yet
    bool released = false;            ///< nobody asks for its receipt (any more)
    bool in_hand = false;  ///< never on disk: somebody is bringing it, and escrow need not

    /// Nothing of it has arrived.
    bool waits() const { return receipt.empty(); }

    /// The blob must stay: too few of the recipient's nodes have it.
    bool needs_more() const { return waits() || copies.size() < copies_wanted; }
};

/// One more node has it.
struct EscrowCopy {
    Bytes receipt;  ///< encoded
    std::string route;
    NodeKey node{};
    std::uint64_t wanted = 1;  ///< copies in all
};

class EscrowIndex {
public:
    static Result<EscrowIndex> open(std::filesystem::path const& file);

    /// All or none.
    Status add(std::vector<EscrowItem> const& items);
    Result<std::optional<EscrowItem>> find(std::string const& ticket);
    /// All that need more.
    Result<std::vector<EscrowItem>> waiting();
    /// Whether another ticket than this one needs more of the same blob for the same recipient.
    Result<bool> has_twin(EscrowItem const& item);
    /// The first receipt stays as the ticket's. Unknown tickets are passed over.
    Status note_copy(std::string const& ticket, EscrowCopy const& copy);
    /// No more copies than there are.
    Status note_enough(std::string const& ticket);
    Status note_released(std::string const& ticket);
    /// Of everything that waits for this recipient.
    Status note_seen(Address const& recipient, std::vector<NodeKey> const& nodes,
                     std::optional<UserKey> const& user_key);
    Status remove(std::string const& ticket);

private:
    explicit EscrowIndex(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::move(database)) {}

    Status put_copies(EscrowItem const& item);
    Status run(char const* sql, auto const&... values);
    Result<std::vector<EscrowItem>> select(char const* sql, std::string const& value);

    std::unique_ptr<std::mutex> guard_;
    SqliteDatabase database_;
};

}  // namespace satchel::node
