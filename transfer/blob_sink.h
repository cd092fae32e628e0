// Takes a blob as it is encrypted, many blocks at a time: hashes it, notes it in the journal, and
// lets it out, from memory or by a file.
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

/// Let out at once.
inline constexpr std::size_t outgoing_batch_bytes = std::size_t{512} * 1024;

/// A file without a name in `folder`.
Result<UniqueFd> nameless_file(std::filesystem::path const& folder);

class BlobSink {
public:
    /// `growth`, `journal`: may be null.
    BlobSink(std::filesystem::path outbox, std::shared_ptr<GrowingBlob> growth,
             std::shared_ptr<BlobJournal> journal);

    /// What waits `beside`, if anything does, is hashed in the gaps.
    Status write(ByteSpan more, Sha256Beside* beside = nullptr);

    Result<MerkleTree> finish();

    /// Null where all went from memory.
    std::shared_ptr<UniqueFd> const& file() const { return file_; }

    /// First byte that stands in the file.
    std::uint64_t file_from() const { return file_ ? file_from_ : gone_; }

private:
    Status hash_up_to(std::size_t end, Sha256Beside* beside);
    Status let_out();
    Status write_to_file(ByteSpan part);

    std::filesystem::path outbox_;
    std::shared_ptr<GrowingBlob> growth_;
    std::shared_ptr<BlobJournal> journal_;
    MerkleHasher hasher_;
    Bytes pending_;
    std::size_t hashed_ = 0;  ///< bytes of those
    std::uint64_t gone_ = 0;  ///< bytes let out
    std::uint64_t file_from_ = 0;
    std::shared_ptr<UniqueFd> file_;
};

}  // namespace satchel::transfer
