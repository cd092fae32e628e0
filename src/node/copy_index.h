// Which other nodes have signed that they hold a copy of what is stored here, in SQLite. Blocks on
// the disk; safe from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/content_id.h"
#include "src/core/keys.h"
#include "src/core/locator.h"

namespace satchel::node {

class CopyIndex {
public:
    static Result<CopyIndex> open(std::filesystem::path const& file);

    /// `receipt`: encoded, or empty where the node brought the blob here itself.
    Status note(ContentId const& id, AddressTag const& user, NodeKey const& node, ByteSpan receipt);

    /// Of one user's blobs.
    Result<std::map<ContentId, std::set<NodeKey>>> copies_of(AddressTag const& user);

    /// Other nodes that hold a copy, whoever it is for.
    Result<std::uint64_t> nodes_with(ContentId const& id);

    /// What is said of blobs that are not held here any more.
    Status forget_all_but(AddressTag const& user, std::set<ContentId> const& held);

private:
    explicit CopyIndex(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::move(database)) {}

    std::unique_ptr<std::mutex> guard_;
    SqliteDatabase database_;
};

}  // namespace satchel::node
