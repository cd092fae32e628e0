// Opens a stored attachment for its owner: finds the blob, decrypts it, checks what came out, and
// writes it to a file.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/base/unique_fd.h"
#include "src/base/worker_pool.h"
#include "src/core/file_label.h"
#include "src/core/identity.h"
#include "transfer/blob_store.h"

namespace satchel::node {

struct RetrieveOrder {
    ContentId content_id;
    std::optional<Bytes> grant;  ///< from the message; none: the one kept with the blob
    /// For restoring: what the blob holds, not the file it stands for, and by `grant` alone. What
    /// it should be is told by the message: the caller compares.
    bool as_held = false;
};

struct Retrieved {
    ContentId content_id;
    std::uint64_t bytes = 0;  ///< of the file
    Sha256Digest sha256{};    ///< of the file
    std::string name;         ///< as the sender wrote it; "" where no label tells
    std::string source;       ///< "own node"
};

/// Owner's thread; all references must outlive it.
class Retriever {
public:
    using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

    Retriever(asio::io_context& owner, transfer::BlobStore& store, WorkerPool& workers,
              Identity const& identity)
        : owner_(owner)
        , store_(store)
        , workers_(workers)
        , identity_(identity) {}

    /// Writes the file to `out`, where that stands. What was written counts only after success: the
    /// digest of the sealed label is checked last. Fault::not_found: not here. Fault::refused: no
    /// identity of this home opens it.
    asio::awaitable<Result<Retrieved>> retrieve(RetrieveOrder order, UniqueFd out,
                                                Progress progress);

    /// What the owner may know of a blob: its label, if one of this home's identities opens it.
    std::optional<FileLabel> label_of(transfer::HeldBlob const& blob) const;

private:
    Result<Retrieved> open_blob(RetrieveOrder const& order, int out,
                                Progress const& progress) const;

    asio::io_context& owner_;
    transfer::BlobStore& store_;
    WorkerPool& workers_;
    Identity const& identity_;
};

}  // namespace satchel::node
