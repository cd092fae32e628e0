#include "src/core/receipt_book.h"

#include "src/core/limits.h"

namespace satchel {

namespace {

constexpr int schema_version = 1;

constexpr char const* schema = R"sql(
CREATE TABLE IF NOT EXISTS receipt(
  offer_id TEXT PRIMARY KEY, taken INTEGER NOT NULL, content_id TEXT NOT NULL, message_id TEXT NOT NULL,
  name TEXT NOT NULL, route TEXT NOT NULL, proof BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS receipt_taken ON receipt(taken);
CREATE INDEX IF NOT EXISTS receipt_content ON receipt(content_id);
CREATE INDEX IF NOT EXISTS receipt_message ON receipt(message_id) WHERE message_id <> '';
)sql";

std::string bare(std::string const& message_id) {
    bool const wrapped = message_id.starts_with('<') && message_id.ends_with('>');
    return wrapped ? message_id.substr(1, message_id.size() - 2) : message_id;
}

Result<KeptReceipt> receipt_at(SqliteStatement const& row) {
    auto proof = decode_receipt_proof(row.blob(3));
    if (!proof) return fail(Fault::corrupt, "a receipt of this home: " + proof.error().what);
    auto const message_id = row.text(0);
    return KeptReceipt{std::move(*proof), row.text(1),
                       message_id.empty() ? "" : '<' + message_id + '>', row.text(2)};
}

Result<std::vector<KeptReceipt>> all_receipts(SqliteStatement& rows) {
    std::vector<KeptReceipt> found;
    for (;;) {
        auto const more = rows.step();
        if (!more) return fail(more.error());
        if (!*more) return found;
        auto receipt = receipt_at(rows);
        if (!receipt) return fail(receipt.error());
        found.push_back(std::move(*receipt));
    }
}

}  // namespace

Result<ReceiptBook> ReceiptBook::open_current(std::filesystem::path const& file,
                                              Clock const& clock) {
    auto opened = open(file);
    auto const now = clock.unix_seconds();
    if (!opened || now < limits::receipt_keeping_seconds) return opened;  // a clock never set
    auto const gone = opened->forget_before(now - limits::receipt_keeping_seconds);
    if (!gone) return fail(gone.error());
    return opened;
}

Result<ReceiptBook> ReceiptBook::open(std::filesystem::path const& file) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    return ReceiptBook(std::move(*database));
}

Status ReceiptBook::keep(KeptReceipt const& receipt) {
    std::lock_guard const lock(*guard_);
    auto statement =
        database_->prepare("INSERT OR REPLACE INTO receipt VALUES(?, ?, ?, ?, ?, ?, ?)");
    if (!statement) return fail(statement.error());
    ReceiptProof const& proof = receipt.proof;
    return statement
        ->bind(proof.offer.id.to_hex(), proof.receipt.time, proof.receipt.content_id.to_hex(),
               bare(receipt.message_id), receipt.name, receipt.route, encode_receipt_proof(proof))
        .run();
}

Result<std::vector<KeptReceipt>> ReceiptBook::find(ReceiptFilter const& filter) const {
    std::lock_guard const lock(*guard_);
    std::string sql = "SELECT message_id, name, route, proof FROM receipt WHERE 1";
    if (filter.content_id) sql += " AND content_id = ?1";
    if (!filter.message_id.empty()) sql += " AND message_id = ?2";
    auto statement = database_->prepare(sql + " ORDER BY taken, offer_id");
    if (!statement) return fail(statement.error());
    if (!filter.message_id.empty()) {
        statement->bind(filter.content_id ? filter.content_id->to_hex() : std::string(),
                        bare(filter.message_id));
    } else if (filter.content_id) {
        statement->bind(filter.content_id->to_hex());
    }
    return all_receipts(*statement);
}

Result<ReceiptPage> ReceiptBook::page(std::uint64_t from, std::uint64_t count) const {
    std::lock_guard const lock(*guard_);
    auto counted = database_->prepare("SELECT count(*) FROM receipt");
    if (!counted) return fail(counted.error());
    if (auto const row = counted->step(); !row) return fail(row.error());
    // The index alone tells which they are: what is skipped is not read.
    auto statement = database_->prepare(
        "SELECT message_id, name, route, proof FROM receipt "
        "ORDER BY taken DESC, rowid DESC LIMIT ? OFFSET ?");
    if (!statement) return fail(statement.error());
    statement->bind(count, from);
    auto receipts = all_receipts(*statement);
    if (!receipts) return fail(receipts.error());
    return ReceiptPage{counted->size(0), std::move(*receipts)};
}

Result<std::uint64_t> ReceiptBook::forget_before(std::uint64_t unix_seconds) {
    std::lock_guard const lock(*guard_);
    auto statement = database_->prepare("DELETE FROM receipt WHERE taken < ?");
    if (!statement) return fail(statement.error());
    if (auto done = statement->bind(unix_seconds).run(); !done) return fail(done.error());
    return static_cast<std::uint64_t>(database_->changed_rows());
}

}  // namespace satchel
