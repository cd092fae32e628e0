// Reads stored attachments for their owner, decrypted, from any byte on, in flat memory. What was
// never checked against its label is checked whole before a byte of it is given out.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/base/worker_pool.h"
#include "src/core/file_label.h"
#include "src/core/identity.h"
#include "transfer/age_grant.h"
#include "transfer/blob_store.h"

namespace satchel::node {

/// A checked attachment: what it takes to read it again and again.
struct CheckedAttachment {
    ContentId id;
    std::uint64_t blob_bytes = 0;
    std::uint64_t bytes = 0;  ///< of the file
    Sha256Digest sha256{};    ///< of the file
    std::optional<FileLabel> label;
    Bytes beginning;  ///< of the file: enough to tell its format
    std::shared_ptr<transfer::FileKey const> key;
};

/// Goes through an attachment from one byte to its end. Blocks on the disk; any one thread at a
/// time.
class AttachmentCursor {
public:
    virtual ~AttachmentCursor() = default;

    /// The next bytes, about a MiB at most; empty at the end.
    virtual Result<Bytes> next() = 0;
};

/// Owner's thread; all references must outlive it.
class AttachmentReader {
public:
    AttachmentReader(transfer::BlobStore& store, WorkerPool& workers, Identity const& identity)
        : store_(store)
        , workers_(workers)
        , identity_(identity) {}

    /// Fault::not_found: not here. Fault::refused: no identity of this home opens it.
    /// Fault::corrupt: it is not what its label says. The first time it takes as long as reading
    /// all of it.
    asio::awaitable<Result<std::shared_ptr<CheckedAttachment const>>> check(ContentId id);

    /// From byte `first` of the file on. Blocks: for a worker.
    Result<std::unique_ptr<AttachmentCursor>> read(CheckedAttachment const& attachment,
                                                   std::uint64_t first) const;

    WorkerPool& workers() { return workers_; }

    /// What is being checked fails soon.
    void stop() { stopped_ = true; }

private:
    using Checked = std::shared_ptr<CheckedAttachment const>;

    Result<Checked> open_and_check(ContentId const& id, Checked const& before) const;

    transfer::BlobStore& store_;
    WorkerPool& workers_;
    Identity const& identity_;
    std::map<ContentId, Checked> checked_;
    std::atomic<bool> stopped_ = false;
};

}  // namespace satchel::node
