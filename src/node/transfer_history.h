// How the latest transfers went, kept over restarts: an SQLite file of the home, of which a power
// cut may take the last. Blocks on the disk; safe from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "src/base/result.h"
#include "src/base/sqlite_database.h"
#include "src/node/transfer_board.h"

namespace satchel::node {

class TransferHistory {
public:
    static constexpr std::size_t kept_max = 100;

    /// A damaged file begins anew.
    static Result<TransferHistory> open(std::filesystem::path const& file);

    /// One that is over. The oldest goes where there are too many.
    Status keep(Transfer const& one);

    /// The oldest first.
    Result<std::vector<Transfer>> latest();

private:
    explicit TransferHistory(SqliteDatabase database)
        : guard_(std::make_unique<std::mutex>())
        , database_(std::move(database)) {}

    static Result<TransferHistory> open_file(std::filesystem::path const& file);

    std::unique_ptr<std::mutex> guard_;
    SqliteDatabase database_;
};

}  // namespace satchel::node
