// The state of all spooled messages, in SQLite: rows in, rows out. Not thread-safe; Spool guards
// it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/spooled_message.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/sqlite_database.h"

namespace satchel::mailgw {

class SpoolIndex {
public:
    /// Opens or makes the file, and begins a new run.
    static Result<SpoolIndex> open(std::filesystem::path const& file, Randomness& randomness);

    /// Stays the same for the life of the spool: 16 hex digits.
    std::string const& token() const { return token_; }

    Status insert(SpooledMessage const& message);
    Result<SpooledMessage> load(std::string const& id);
    Result<std::vector<std::string>> ids();  ///< oldest first

    /// Messages with a recipient to be tried by `now`, the longest due first.
    Result<std::vector<std::string>> due(std::uint64_t now, std::size_t at_most);
    /// When the next try is due; none where nothing waits.
    Result<std::optional<std::uint64_t>> next_due();

    /// Writes these recipients, and forgets the message if that leaves nobody queued or failed: all
    /// or nothing. True: it is forgotten.
    Result<bool> record(std::string const& id, std::vector<SpooledRecipient> const& changed);
    Status note_scan(std::string const& id);
    /// All recipients that are not done: queued, due at once, with patience from `now` on. Gives
    /// their number.
    Result<std::size_t> retry(std::string const& id, std::uint64_t now);

private:
    explicit SpoolIndex(SqliteDatabase database)
        : database_(std::move(database)) {}

    Status begin_run(Randomness& randomness);
    Status insert_recipients(SpooledMessage const& message);
    Status load_recipients(SpooledMessage& message);
    Status load_parts(SpooledMessage& message);
    Status write(std::string const& id, SpooledRecipient const& recipient);

    SqliteDatabase database_;
    std::string token_;
    std::uint64_t run_ = 0;
};

}  // namespace satchel::mailgw
