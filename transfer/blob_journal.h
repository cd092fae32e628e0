// What has left of a blob that was still being encrypted, as hashes: one key must never encrypt two
// versions of a content, so whoever encrypts it once more under the same key lets out only what is
// the same as before. One thread at a time; blocks.
//
// The file: the blob's age nonce, then the root of each subtree of 256 KiB of its BEP 52 tree, and
// after the whole ones the content id. Not synced: it outlives the process, not the machine.
#pragma once

#include <array>
#include <cstdint>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"

namespace satchel::transfer {

class BlobJournal {
public:
    /// `file`: for reading and writing; empty, or as an earlier process left it.
    explicit BlobJournal(UniqueFd file)
        : file_(std::move(file)) {}

    /// The one that was noted before; else notes `fresh`.
    Result<std::array<Byte, 16>> nonce(std::array<Byte, 16> const& fresh);

    /// An earlier process came to the end of this blob, and knew its content id. Before the first
    /// note().
    bool has_end(std::uint64_t blob_bytes) const;

    /// The next roots, 32 bytes each. Before it returns nothing of what they stand for may leave.
    /// Fault::corrupt: they are others than those noted before.
    Status note(ByteSpan roots);

    /// The last word: what no whole subtree covers.
    Status note_end(ContentId const& id);

private:
    UniqueFd file_;
    std::uint64_t noted_ = 0;  ///< roots of this pass
};

}  // namespace satchel::transfer
