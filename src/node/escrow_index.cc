#include "src/node/escrow_index.h"

#include <algorithm>

namespace satchel::node {

namespace {

constexpr int schema_version = 2;

// What came with version 2 stands apart, so that the same words make a file and mend an older one.
constexpr char const* schema = R"sql(
CREATE TABLE IF NOT EXISTS item(
  ticket TEXT PRIMARY KEY, content_id TEXT NOT NULL, blob_bytes INTEGER NOT NULL, recipient TEXT NOT NULL,
  sender TEXT NOT NULL, grant_header BLOB NOT NULL, label BLOB NOT NULL, nodes BLOB NOT NULL, user_key BLOB NOT NULL,
  receipt BLOB NOT NULL, route TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS item_recipient ON item(recipient);
CREATE TABLE IF NOT EXISTS item_copies(
  ticket TEXT PRIMARY KEY REFERENCES item(ticket) ON DELETE CASCADE, copies BLOB NOT NULL, wanted INTEGER NOT NULL,
  released INTEGER NOT NULL, name TEXT NOT NULL, message_id TEXT NOT NULL) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS kept AS
  SELECT item.*, IFNULL(copies, x'') AS copies, IFNULL(wanted, 0) AS wanted, IFNULL(released, 0) AS released,
    IFNULL(name, '') AS name, IFNULL(message_id, '') AS message_id,
    (receipt = x'' OR LENGTH(IFNULL(copies, x'')) < 32 * IFNULL(wanted, 0)) AS needs_more
  FROM item LEFT JOIN item_copies USING (ticket);
)sql";

constexpr std::size_t key_bytes = 32;

Bytes joined(std::vector<NodeKey> const& keys) {
    Bytes out;
    for (NodeKey const& key : keys)
        append(out, key.bytes);
    return out;
}

std::vector<NodeKey> split(Bytes const& bytes) {
    std::vector<NodeKey> keys;
    for (std::size_t at = 0; at + key_bytes <= bytes.size(); at += key_bytes) {
        auto& key = keys.emplace_back();
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), key_bytes, key.bytes.begin());
    }
    return keys;
}

Bytes bytes_of_key(std::optional<UserKey> const& key) {
    return key ? copy_of(key->bytes) : Bytes();
}

Result<EscrowItem> item_at(SqliteStatement const& row) {
    auto const id = ContentId::parse(row.text(1));
    if (!id) return fail(id.error());
    auto const recipient = Address::parse(row.text(3));
    if (!recipient) return fail(recipient.error());
    EscrowItem item{.ticket = row.text(0),
                    .content_id = *id,
                    .blob_bytes = row.size(2),
                    .recipient = *recipient,
                    .sender = row.text(4),
                    .grant = row.blob(5),
                    .label = row.blob(6),
                    .nodes = split(row.blob(7)),
                    .user_key = std::nullopt,
                    .receipt = row.blob(9),
                    .route = row.text(10),
                    .name = row.text(14),
                    .message_id = row.text(15),
                    .copies = split(row.blob(11)),
                    .copies_wanted = row.size(12),
                    .released = row.integer(13) != 0};
    auto const user = row.blob(8);
    if (user.size() == key_bytes) {
        item.user_key.emplace();
        std::copy(user.begin(), user.end(), item.user_key->bytes.begin());
    }
    return item;
}

}  // namespace

Result<EscrowIndex> EscrowIndex::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    return EscrowIndex(std::move(*database));
}

Status EscrowIndex::run(char const* sql, auto const&... values) {
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    return statement->bind(values...).run();
}

Status EscrowIndex::put_copies(EscrowItem const& item) {
    return run("INSERT OR REPLACE INTO item_copies VALUES(?,?,?,?,?,?)", item.ticket,
               joined(item.copies), item.copies_wanted, item.released ? 1 : 0, item.name,
               item.message_id);
}

Status EscrowIndex::add(std::vector<EscrowItem> const& items) {
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        for (EscrowItem const& item : items) {
            auto statement = database_.prepare("INSERT INTO item VALUES(?,?,?,?,?,?,?,?,?,?,?)");
            if (!statement) return fail(statement.error());
            auto added = statement
                             ->bind(item.ticket, item.content_id.to_hex(), item.blob_bytes,
                                    item.recipient.text(), item.sender, item.grant, item.label,
                                    joined(item.nodes), bytes_of_key(item.user_key), item.receipt,
                                    item.route)
                             .run();
            if (!added) return added;
            if (added = put_copies(item); !added) return added;
        }
        return {};
    });
}

Result<std::vector<EscrowItem>> EscrowIndex::select(char const* sql, std::string const& value) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    statement->bind(value);
    std::vector<EscrowItem> items;
    for (;;) {
        auto const more = statement->step();
        if (!more) return fail(more.error());
        if (!*more) return items;
        auto item = item_at(*statement);
        if (!item) return fail(item.error());
        items.push_back(std::move(*item));
    }
}

Result<std::optional<EscrowItem>> EscrowIndex::find(std::string const& ticket) {
    auto found = select("SELECT * FROM kept WHERE ticket = ?", ticket);
    if (!found) return fail(found.error());
    if (found->empty()) return std::optional<EscrowItem>();
    return std::optional(std::move(found->front()));
}

Result<std::vector<EscrowItem>> EscrowIndex::waiting() {
    return select("SELECT * FROM kept WHERE needs_more AND recipient <> ?", "");
}

Result<bool> EscrowIndex::has_twin(EscrowItem const& item) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "SELECT 1 FROM kept WHERE recipient = ? AND needs_more AND content_id = ? AND ticket <> ?");
    if (!statement) return fail(statement.error());
    return statement->bind(item.recipient.text(), item.content_id.to_hex(), item.ticket).step();
}

Status EscrowIndex::note_copy(std::string const& ticket, EscrowCopy const& copy) {
    auto found = find(ticket);
    if (!found) return fail(found.error());
    if (!*found) return {};
    EscrowItem& item = **found;
    bool const known = std::ranges::find(item.copies, copy.node) != item.copies.end();
    if (!known) item.copies.push_back(copy.node);
    item.copies_wanted = copy.wanted;
    std::lock_guard const lock(*guard_);
    return database_.transaction([&]() -> Status {
        if (item.waits()) {
            auto noted = run("UPDATE item SET receipt = ?, route = ? WHERE ticket = ?",
                             copy.receipt, copy.route, ticket);
            if (!noted) return noted;
        }
        return put_copies(item);
    });
}

Status EscrowIndex::note_enough(std::string const& ticket) {
    std::lock_guard const lock(*guard_);
    return run("UPDATE item_copies SET wanted = 0 WHERE ticket = ?", ticket);
}

Status EscrowIndex::note_released(std::string const& ticket) {
    std::lock_guard const lock(*guard_);
    return run("UPDATE item_copies SET released = 1 WHERE ticket = ?", ticket);
}

Status EscrowIndex::note_seen(Address const& recipient, std::vector<NodeKey> const& nodes,
                              std::optional<UserKey> const& user_key) {
    std::lock_guard const lock(*guard_);
    return run("UPDATE item SET nodes = ?, user_key = ? WHERE recipient = ?", joined(nodes),
               bytes_of_key(user_key), recipient.text());
}

Status EscrowIndex::remove(std::string const& ticket) {
    std::lock_guard const lock(*guard_);
    return run("DELETE FROM item WHERE ticket = ?", ticket);
}

}  // namespace satchel::node
