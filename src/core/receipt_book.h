// The receipts that this home has got: kept in the home, for three years, with all that it takes to
// check them later.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "src/base/clock.h"
#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/core/content_id.h"
#include "src/core/receipt_proof.h"

namespace satchel {

/// A receipt, and what this home knows beside it.
struct KeptReceipt {
    ReceiptProof proof;
    std::string name{};        ///< of the file, as the label said; may be ""
    std::string message_id{};  ///< with its angle brackets; "" where there was no message
    std::string route{};       ///< "direct", "inline", "pull", …
};

/// Which ones. Nothing set: all.
struct ReceiptFilter {
    std::optional<ContentId> content_id{};
    std::string message_id{};  ///< angle brackets or not
};

struct ReceiptPage {
    std::uint64_t all = 0;  ///< in the whole book
    std::vector<KeptReceipt> receipts;
};

/// Safe from any thread; blocks on the disk. Processes may share the file.
class ReceiptBook {
public:
    /// Opens, and forgets what is older than limits::receipt_keeping_seconds.
    static Result<ReceiptBook> open_current(std::filesystem::path const& file, Clock const& clock);

    static Result<ReceiptBook> open(std::filesystem::path const& file);

    /// On disk on success. The same offer's receipt takes the place of an older one.
    Status keep(KeptReceipt const& receipt);

    /// Oldest first. One that is damaged is Fault::corrupt.
    Result<std::vector<KeptReceipt>> find(ReceiptFilter const& filter) const;

    /// Some of all, newest first, however many there are: `count` of them after `from`.
    Result<ReceiptPage> page(std::uint64_t from, std::uint64_t count) const;

    /// Those taken before `unix_seconds`. Gives how many.
    Result<std::uint64_t> forget_before(std::uint64_t unix_seconds);

private:
    explicit ReceiptBook(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::make_unique<SqliteDatabase>(std::move(database))) {}

    std::unique_ptr<std::mutex> guard_;
    std::unique_ptr<SqliteDatabase> database_;
};

}  // namespace satchel
