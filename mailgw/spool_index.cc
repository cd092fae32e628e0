#include "mailgw/spool_index.h"

#include "src/base/hex.h"

namespace satchel::mailgw {

namespace {

constexpr int schema_version = 2;

// plan is a word, so that plans to come need no new schema.
constexpr char const* schema = R"sql(
CREATE TABLE gateway(token TEXT NOT NULL, run INTEGER NOT NULL);
CREATE TABLE message(
  id TEXT PRIMARY KEY, sender TEXT NOT NULL, body INTEGER NOT NULL, smtputf8 INTEGER NOT NULL,
  ret TEXT NOT NULL, envid TEXT NOT NULL, xforward TEXT NOT NULL, trace TEXT NOT NULL,
  eight_bit INTEGER NOT NULL, eight_bit_header INTEGER NOT NULL, received INTEGER NOT NULL,
  bytes INTEGER NOT NULL, run INTEGER NOT NULL, scans INTEGER NOT NULL, patience_from INTEGER NOT NULL,
  side INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE recipient(
  message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  address TEXT NOT NULL, notify TEXT NOT NULL, orcpt TEXT NOT NULL, state INTEGER NOT NULL,
  plan TEXT NOT NULL, reason TEXT NOT NULL, trouble TEXT NOT NULL, tries INTEGER NOT NULL, next_try INTEGER NOT NULL,
  own_copy INTEGER NOT NULL, repair_from INTEGER NOT NULL, PRIMARY KEY(message, number)) WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient(next_try) WHERE state IN (0, 3, 4);
CREATE TABLE part(
  message TEXT NOT NULL, number INTEGER NOT NULL, ordinal INTEGER NOT NULL, content_id TEXT NOT NULL,
  bytes INTEGER NOT NULL, blob_bytes INTEGER NOT NULL, receipt BLOB NOT NULL, route TEXT NOT NULL,
  ticket TEXT NOT NULL, PRIMARY KEY(message, number, ordinal),
  FOREIGN KEY(message, number) REFERENCES recipient(message, number) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX part_in_escrow ON part(ticket) WHERE ticket <> '' AND receipt = x'';
CREATE TABLE ended_escrow(ticket TEXT PRIMARY KEY) WITHOUT ROWID;
)sql";

template <class... Values>
Status run(SqliteDatabase& database, char const* sql, Values const&... values) {
    auto statement = database.prepare(sql);
    if (!statement) return fail(statement.error());
    return statement->bind(values...).run();
}

/// Steps through the rows of a bound statement.
template <class Row>
Status each_row(SqliteStatement& statement, Row row) {
    for (;;) {
        auto const more = statement.step();
        if (!more) return fail(more.error());
        if (!*more) return {};
        if (auto done = row(); !done) return done;
    }
}

std::vector<std::string> tickets_of(SpooledRecipient const& recipient) {
    std::vector<std::string> tickets;
    for (StoredPart const& part : recipient.parts)
        if (!part.ticket.empty()) tickets.push_back(part.ticket);
    return tickets;
}

}  // namespace

char const* to_string(RecipientState state) {
    switch (state) {
        case RecipientState::queued:
            return "queued";
        case RecipientState::done:
            return "done";
        case RecipientState::failed:
            return "failed";
        case RecipientState::escrowed:
            return "escrowed";
        case RecipientState::repairing:
            return "repairing";
        case RecipientState::bounced:
            return "bounced";
    }
    return "queued";
}

Result<SpoolIndex> SpoolIndex::open(std::filesystem::path const& file, Randomness& randomness) {
    auto database = SqliteDatabase::open(file, schema_version, schema);
    if (!database) return fail(database.error());
    SpoolIndex index(std::move(*database));
    if (auto begun = index.begin_run(randomness); !begun) return fail(begun.error());
    return index;
}

Status SpoolIndex::begin_run(Randomness& randomness) {
    return database_.transaction([&]() -> Status {
        auto const fresh = to_hex(randomness.array<8>());
        if (auto done = run(database_,
                            "INSERT INTO gateway SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM "
                            "gateway)",
                            fresh);
            !done) {
            return done;
        }
        if (auto done = run(database_, "UPDATE gateway SET run = run + 1"); !done) return done;
        auto statement = database_.prepare("SELECT token, run FROM gateway");
        if (!statement) return fail(statement.error());
        return each_row(*statement, [&]() -> Status {
            token_ = statement->text(0);
            run_ = statement->size(1);
            return {};
        });
    });
}

Status SpoolIndex::insert(SpooledMessage const& message) {
    return database_.transaction([&] { return insert_row(message); });
}

Status SpoolIndex::insert_row(SpooledMessage const& message) {
    Envelope const& envelope = message.envelope;
    auto done =
        run(database_, "INSERT INTO message VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,0,?,?)", message.id,
            envelope.sender, static_cast<int>(envelope.body), int{envelope.smtputf8}, envelope.ret,
            envelope.envid, envelope.xforward, envelope.trace, int{envelope.eight_bit},
            int{envelope.eight_bit_header}, message.received, message.bytes, run_,
            message.patience_from, static_cast<int>(envelope.side));
    return done ? insert_recipients(message) : done;
}

Status SpoolIndex::insert_recipients(SpooledMessage const& message) {
    auto statement =
        database_.prepare("INSERT INTO recipient VALUES(?,?,?,?,?,?,'','','',0,?,0,0)");
    if (!statement) return fail(statement.error());
    for (SpooledRecipient const& recipient : message.recipients) {
        EnvelopeRecipient const& who = message.envelope.recipients[recipient.number];
        auto done = statement
                        ->bind(message.id, std::uint64_t{recipient.number}, who.address, who.notify,
                               who.orcpt, static_cast<int>(recipient.state), recipient.next_try)
                        .run();
        if (!done) return done;
    }
    return {};
}

Result<SpooledMessage> SpoolIndex::load(std::string const& id) {
    auto statement = database_.prepare("SELECT * FROM message WHERE id = ?");
    if (!statement) return fail(statement.error());
    SpooledMessage message;
    auto read = each_row(statement->bind(id), [&]() -> Status {
        message.id = statement->text(0);
        Envelope& envelope = message.envelope;
        envelope.sender = statement->text(1);
        envelope.body = static_cast<BodyType>(statement->integer(2));
        envelope.smtputf8 = statement->integer(3) != 0;
        envelope.ret = statement->text(4);
        envelope.envid = statement->text(5);
        envelope.xforward = statement->text(6);
        envelope.trace = statement->text(7);
        envelope.eight_bit = statement->integer(8) != 0;
        envelope.eight_bit_header = statement->integer(9) != 0;
        message.received = statement->size(10);
        message.bytes = statement->size(11);
        message.from_earlier_run = statement->size(12) != run_;
        message.scans = statement->size(13);
        message.patience_from = statement->size(14);
        envelope.side = static_cast<Side>(statement->integer(15));
        return {};
    });
    if (!read) return fail(read.error());
    if (message.id.empty())
        return fail(Fault::not_found,
                    "no message " + id + " in the queue; `satchel queue` lists what is there");
    if (auto done = load_recipients(message); !done) return fail(done.error());
    if (auto done = load_parts(message); !done) return fail(done.error());
    return message;
}

Status SpoolIndex::load_recipients(SpooledMessage& message) {
    auto statement = database_.prepare(
        "SELECT number, address, notify, orcpt, state, plan, reason, trouble, tries, "
        "next_try, own_copy, repair_from "
        "FROM recipient WHERE message = ? ORDER BY number");
    if (!statement) return fail(statement.error());
    return each_row(statement->bind(message.id), [&]() -> Status {
        SpooledRecipient recipient;
        recipient.number = statement->size(0);
        if (recipient.number != message.recipients.size()) {
            return fail(Fault::corrupt, "spool: recipients of " + message.id + " don't add up");
        }
        message.envelope.recipients.push_back(
            {statement->text(1), statement->text(2), statement->text(3)});
        recipient.state = static_cast<RecipientState>(statement->integer(4));
        recipient.plan = parse_plan(statement->text(5));
        recipient.reason = statement->text(6);
        recipient.trouble = statement->text(7);
        recipient.tries = statement->size(8);
        recipient.next_try = statement->size(9);
        recipient.own_copy = statement->integer(10) != 0;
        recipient.repair_from = statement->size(11);
        message.recipients.push_back(std::move(recipient));
        return {};
    });
}

Status SpoolIndex::load_parts(SpooledMessage& message) {
    auto statement = database_.prepare(
        "SELECT number, content_id, bytes, blob_bytes, receipt, route, ticket FROM part WHERE "
        "message = ? "
        "ORDER BY number, ordinal");
    if (!statement) return fail(statement.error());
    return each_row(statement->bind(message.id), [&]() -> Status {
        auto const content_id = ContentId::parse(statement->text(1));
        if (!content_id) return fail(content_id.error());
        auto const number = statement->size(0);
        if (number >= message.recipients.size()) {
            return fail(Fault::corrupt, "spool: parts of " + message.id + " don't add up");
        }
        message.recipients[number].parts.push_back({*content_id, statement->size(2),
                                                    statement->size(3), statement->blob(4),
                                                    statement->text(5), statement->text(6)});
        return {};
    });
}

Result<std::vector<std::string>> SpoolIndex::ids() {
    auto statement = database_.prepare("SELECT id FROM message ORDER BY received, id");
    if (!statement) return fail(statement.error());
    std::vector<std::string> found;
    auto read = each_row(*statement, [&]() -> Status {
        found.push_back(statement->text(0));
        return {};
    });
    if (!read) return fail(read.error());
    return found;
}

Result<std::vector<std::string>> SpoolIndex::due(std::uint64_t now, std::size_t at_most) {
    auto statement = database_.prepare(
        "SELECT message, min(next_try) AS first FROM recipient WHERE state IN (0, 3, 4) AND "
        "next_try <= ? "
        "GROUP BY message ORDER BY first, message LIMIT ?");
    if (!statement) return fail(statement.error());
    std::vector<std::string> found;
    auto read = each_row(statement->bind(now, std::uint64_t{at_most}), [&]() -> Status {
        found.push_back(statement->text(0));
        return {};
    });
    if (!read) return fail(read.error());
    return found;
}

Status SpoolIndex::write(std::string const& id, SpooledRecipient const& recipient) {
    std::uint64_t const number = recipient.number;
    auto done =
        run(database_,
            "UPDATE recipient SET state = ?, plan = ?, reason = ?, trouble = ?, tries = ?, "
            "next_try = ?, "
            "own_copy = ?, repair_from = ? WHERE message = ? AND number = ?",
            static_cast<int>(recipient.state), recipient.plan ? to_string(*recipient.plan) : "",
            recipient.reason, recipient.trouble, recipient.tries, recipient.next_try,
            int{recipient.own_copy}, recipient.repair_from, id, number);
    if (!done) return done;
    done = run(database_, "DELETE FROM part WHERE message = ? AND number = ?", id, number);
    std::uint64_t ordinal = 0;
    for (StoredPart const& part : recipient.parts) {
        if (!done) return done;
        done = run(database_, "INSERT INTO part VALUES(?,?,?,?,?,?,?,?,?)", id, number, ordinal++,
                   part.content_id.to_hex(), part.bytes, part.blob_bytes, part.receipt, part.route,
                   part.ticket);
    }
    return done;
}

Result<bool> SpoolIndex::record(std::string const& id, std::vector<SpooledRecipient> const& changed,
                                SpooledMessage const* notice) {
    bool forgotten = false;
    auto done = database_.transaction([&]() -> Status {
        for (SpooledRecipient const& recipient : changed) {
            if (auto written = write(id, recipient); !written) return written;
            if (!is_settled(recipient.state)) continue;
            if (auto ended = end_escrow(tickets_of(recipient)); !ended) return ended;
        }
        if (notice != nullptr) {
            if (auto inserted = insert_row(*notice); !inserted) return inserted;
        }
        auto removed = run(database_,
                           "DELETE FROM message WHERE id = ? AND NOT EXISTS (SELECT 1 FROM "
                           "recipient WHERE message = id AND state NOT IN (1, 5))",
                           id);
        forgotten = removed && database_.changed_rows() > 0;
        return removed;
    });
    if (!done) return fail(done.error());
    return forgotten;
}

Status SpoolIndex::note_scan(std::string const& id) {
    return run(database_, "UPDATE message SET scans = scans + 1 WHERE id = ?", id);
}

Result<std::size_t> SpoolIndex::retry(std::string const& id, std::uint64_t now) {
    std::size_t count = 0;
    auto done = database_.transaction([&]() -> Status {
        auto moved = run(database_, "UPDATE message SET patience_from = ? WHERE id = ?", now, id);
        if (!moved) return moved;
        if (database_.changed_rows() == 0) {
            return fail(Fault::not_found,
                        "no message " + id + " in the queue; `satchel queue` lists what is there");
        }
        auto queued = run(database_,
                          "UPDATE recipient SET state = iif(repair_from > 0, 4, 0), next_try = 0 "
                          "WHERE message = ? AND state IN (0, 2, 4)",
                          id);
        count = static_cast<std::size_t>(database_.changed_rows());
        return queued;
    });
    if (!done) return fail(done.error());
    return count;
}

Result<std::size_t> SpoolIndex::give_up_escrow(std::string const& id) {
    if (auto known = load(id); !known) return fail(known.error());
    auto done = run(database_,
                    "UPDATE recipient SET next_try = 0 WHERE message = ? AND state IN (3, 4)", id);
    if (!done) return fail(done.error());
    return static_cast<std::size_t>(database_.changed_rows());
}

Result<std::vector<EscrowedPart>> SpoolIndex::escrowed() {
    auto statement = database_.prepare(
        "SELECT message, number, ticket FROM part WHERE ticket <> '' AND receipt = x''");
    if (!statement) return fail(statement.error());
    std::vector<EscrowedPart> found;
    auto read = each_row(*statement, [&]() -> Status {
        found.push_back({statement->text(0), statement->size(1), statement->text(2)});
        return {};
    });
    if (!read) return fail(read.error());
    return found;
}

Status SpoolIndex::end_escrow(std::vector<std::string> const& tickets) {
    for (std::string const& ticket : tickets) {
        auto done = run(database_, "INSERT OR IGNORE INTO ended_escrow VALUES(?)", ticket);
        if (!done) return done;
    }
    return {};
}

Result<std::vector<std::string>> SpoolIndex::ended_escrow(std::size_t at_most) {
    auto statement = database_.prepare("SELECT ticket FROM ended_escrow LIMIT ?");
    if (!statement) return fail(statement.error());
    std::vector<std::string> found;
    auto read = each_row(statement->bind(std::uint64_t{at_most}), [&]() -> Status {
        found.push_back(statement->text(0));
        return {};
    });
    if (!read) return fail(read.error());
    return found;
}

Status SpoolIndex::escrow_released(std::vector<std::string> const& tickets) {
    return database_.transaction([&]() -> Status {
        for (std::string const& ticket : tickets) {
            auto done = run(database_, "DELETE FROM ended_escrow WHERE ticket = ?", ticket);
            if (!done) return done;
        }
        return {};
    });
}

}  // namespace satchel::mailgw
