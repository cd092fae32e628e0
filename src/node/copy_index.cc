#include "src/node/copy_index.h"

#include <algorithm>
#include <string>

namespace satchel::node {

namespace {

constexpr int schema_version = 1;

constexpr char const* schema = R"sql(
CREATE TABLE IF NOT EXISTS copy(
  user BLOB NOT NULL, content_id TEXT NOT NULL, node BLOB NOT NULL, receipt BLOB NOT NULL,
  PRIMARY KEY (user, content_id, node)) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

Result<CopyIndex> CopyIndex::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    return CopyIndex(std::move(*database));
}

Status CopyIndex::note(ContentId const& id, AddressTag const& user, NodeKey const& node,
                       ByteSpan receipt) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("INSERT OR REPLACE INTO copy VALUES(?, ?, ?, ?)");
    if (!statement) return fail(statement.error());
    return statement->bind(user, id.to_hex(), node.bytes, receipt).run();
}

Result<std::map<ContentId, std::set<NodeKey>>> CopyIndex::copies_of(AddressTag const& user) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("SELECT content_id, node FROM copy WHERE user = ?");
    if (!statement) return fail(statement.error());
    statement->bind(user);
    std::map<ContentId, std::set<NodeKey>> copies;
    for (;;) {
        auto const more = statement->step();
        if (!more) return fail(more.error());
        if (!*more) return copies;
        auto const id = ContentId::parse(statement->text(0));
        if (!id) return fail(id.error());
        Bytes const key = statement->blob(1);
        NodeKey node;
        if (key.size() != node.bytes.size()) return fail(Fault::corrupt, "a copy's node key");
        std::ranges::copy(key, node.bytes.begin());
        copies[*id].insert(node);
    }
}

Result<std::uint64_t> CopyIndex::nodes_with(ContentId const& id) {
    std::lock_guard const lock(*guard_);
    auto statement =
        database_.prepare("SELECT count(DISTINCT node) FROM copy WHERE content_id = ?");
    if (!statement) return fail(statement.error());
    statement->bind(id.to_hex());
    if (auto const row = statement->step(); !row) return fail(row.error());
    return statement->size(0);
}

Status CopyIndex::forget_all_but(AddressTag const& user, std::set<ContentId> const& held) {
    auto const copies = copies_of(user);
    if (!copies) return fail(copies.error());
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        for (auto const& [id, nodes] : *copies) {
            if (held.contains(id)) continue;
            auto statement =
                database_.prepare("DELETE FROM copy WHERE user = ? AND content_id = ?");
            if (!statement) return fail(statement.error());
            if (auto gone = statement->bind(user, id.to_hex()).run(); !gone) return gone;
        }
        return {};
    });
}

}  // namespace satchel::node
