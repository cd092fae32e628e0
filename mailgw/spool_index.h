// The state of all spooled messages, in SQLite: rows in, rows out. Not thread-safe; Spool guards
// it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mailgw/spooled_message.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/sqlite_database.h"

namespace satchel::mailgw {

/// Where a ticket belongs.
struct EscrowedPart {
    std::string message;
    std::size_t recipient = 0;
    std::string ticket;
};

class SpoolIndex {
public:
    /// Opens or makes the file, and begins a new run.
    static Result<SpoolIndex> open(std::filesystem::path const& file, Randomness& randomness);

    /// Stays the same for the life of the spool: 16 hex digits.
    std::string const& token() const { return token_; }

    Status insert(SpooledMessage const& message);
    Result<SpooledMessage> load(std::string const& id);
    Result<std::vector<std::string>> ids();  ///< oldest first

    /// Messages with a recipient to be tried or repaired by `now`, the longest due first.
    Result<std::vector<std::string>> due(std::uint64_t now, std::size_t at_most);

    /// Writes these recipients, inserts `notice` (may be null), and forgets the message if that
    /// leaves all recipients settled: all or nothing. Tickets of settled recipients end. True: the
    /// message is forgotten.
    Result<bool> record(std::string const& id, std::vector<SpooledRecipient> const& changed,
                        SpooledMessage const* notice);
    Status note_scan(std::string const& id);
    /// What is queued, failed or being repaired: due at once, with patience from `now` on. Gives
    /// the number of recipients.
    Result<std::size_t> retry(std::string const& id, std::uint64_t now);
    /// What is escrowed: to be repaired at once. Gives the number of recipients.
    Result<std::size_t> give_up_escrow(std::string const& id);

    /// Attachments that have a ticket and no receipt.
    Result<std::vector<EscrowedPart>> escrowed();
    /// Tickets that nobody needs any more, until they are reported as released.
    Status end_escrow(std::vector<std::string> const& tickets);
    Result<std::vector<std::string>> ended_escrow(std::size_t at_most);
    Status escrow_released(std::vector<std::string> const& tickets);

private:
    explicit SpoolIndex(SqliteDatabase database)
        : database_(std::move(database)) {}

    Status begin_run(Randomness& randomness);
    Status insert_row(SpooledMessage const& message);
    Status insert_recipients(SpooledMessage const& message);
    Status load_recipients(SpooledMessage& message);
    Status load_parts(SpooledMessage& message);
    Status write(std::string const& id, SpooledRecipient const& recipient);

    SqliteDatabase database_;
    std::string token_;
    std::uint64_t run_ = 0;
};

}  // namespace satchel::mailgw
