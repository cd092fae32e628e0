// Takes a blob as it is encrypted, batch by batch: hashes it, notes it in the journal, and lets it
// out, from memory or by a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "transfer/blob_journal.h"
#include "transfer/growing_blob.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

/// A file without a name in `folder`.
Result<UniqueFd> nameless_file(std::filesystem::path const& folder);

class BlobSink {
public:
    /// `growth`, `journal`: may be null.
    BlobSink(std::filesystem::path outbox, std::shared_ptr<GrowingBlob> growth,
             std::shared_ptr<BlobJournal> journal);

    /// A full batch (SealedBatches). Leaves an empty buffer in its place. What waits `beside`, if
    /// anything does, is hashed in the gaps.
    Status write(Bytes& batch, Sha256Beside* beside = nullptr);

    /// The last batch may be of any size, and empty.
    Result<MerkleTree> finish(Bytes& last, Sha256Beside* beside = nullptr);

    /// Null where all went from memory.
    std::shared_ptr<UniqueFd> const& file() const { return file_; }

    /// First byte that stands in the file.
    std::uint64_t file_from() const { return file_ ? file_from_ : gone_; }

private:
    Status hash(ByteSpan batch, Sha256Beside* beside);
    Status let_out(Bytes& batch);
    Status write_to_file(ByteSpan part);

    std::filesystem::path outbox_;
    std::shared_ptr<GrowingBlob> growth_;
    std::shared_ptr<BlobJournal> journal_;
    MerkleHasher hasher_;
    std::uint64_t gone_ = 0;  ///< bytes let out
    std::uint64_t file_from_ = 0;
    std::shared_ptr<UniqueFd> file_;
};

}  // namespace satchel::transfer
