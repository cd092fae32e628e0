#include "src/node/escrow_index.h"

#include <algorithm>

namespace satchel::node {

namespace {

constexpr int schema_version = 1;

constexpr char const* schema = R"sql(
CREATE TABLE item(
  ticket TEXT PRIMARY KEY, content_id TEXT NOT NULL, blob_bytes INTEGER NOT NULL, recipient TEXT NOT NULL,
  sender TEXT NOT NULL, grant_header BLOB NOT NULL, label BLOB NOT NULL, nodes BLOB NOT NULL, user_key BLOB NOT NULL,
  receipt BLOB NOT NULL, route TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX item_waiting ON item(recipient) WHERE receipt = x'';
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
                    .route = row.text(10)};
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
    auto found = select("SELECT * FROM item WHERE ticket = ?", ticket);
    if (!found) return fail(found.error());
    if (found->empty()) return std::optional<EscrowItem>();
    return std::optional(std::move(found->front()));
}

Result<std::vector<EscrowItem>> EscrowIndex::waiting() {
    return select("SELECT * FROM item WHERE receipt = x'' AND recipient <> ?", "");
}

Result<bool> EscrowIndex::has_twin(EscrowItem const& item) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "SELECT 1 FROM item WHERE recipient = ? AND receipt = x'' AND content_id = ? AND ticket <> "
        "?");
    if (!statement) return fail(statement.error());
    return statement->bind(item.recipient.text(), item.content_id.to_hex(), item.ticket).step();
}

Status EscrowIndex::note_delivered(std::string const& ticket, ByteSpan receipt,
                                   std::string const& route) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("UPDATE item SET receipt = ?, route = ? WHERE ticket = ?");
    if (!statement) return fail(statement.error());
    return statement->bind(receipt, route, ticket).run();
}

Status EscrowIndex::note_seen(Address const& recipient, std::vector<NodeKey> const& nodes,
                              std::optional<UserKey> const& user_key) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare(
        "UPDATE item SET nodes = ?, user_key = ? WHERE recipient = ? AND receipt = x''");
    if (!statement) return fail(statement.error());
    return statement->bind(joined(nodes), bytes_of_key(user_key), recipient.text()).run();
}

Status EscrowIndex::remove(std::string const& ticket) {
    std::lock_guard const lock(*guard_);
    auto statement = database_.prepare("DELETE FROM item WHERE ticket = ?");
    if (!statement) return fail(statement.error());
    return statement->bind(ticket).run();
}

}  // namespace satchel::node
