// The folder of a blob store: `blobs/ab/<hex id>` whole and verified, `partial/<hex id>` arriving,
// `outbox/` for what is being sent, `index.db`, `lock`. Knows names and durable moves, no contents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"

namespace satchel::transfer {

class BlobFolder {
public:
    /// Makes what is missing, and locks it against other processes until destruction
    /// (Fault::unavailable where one has it).
    static Result<BlobFolder> open(std::filesystem::path root);

    std::filesystem::path index_file() const { return root_ / "index.db"; }

    std::filesystem::path outbox() const { return root_ / "outbox"; }

    std::filesystem::path blob(ContentId const& id) const;
    std::filesystem::path partial(ContentId const& id) const;

    /// Moves a partial, whose bytes are synced, to the blobs. Survives a power cut on return.
    Status publish(ContentId const& id) const;

    /// Writes a blob to its place, over what is there. Not synced: see sync_blob(). Fault::no_space
    /// or Fault::io, the first without a path in its words: a stranger hears them.
    Status write_blob(ContentId const& id, ByteSpan bytes) const;

    /// A blob that was written to its place, and may have gone again. Survives a power cut on
    /// return.
    Status sync_blob(ContentId const& id) const;

    /// Another name for a partial.
    Status rename_partial(ContentId const& from, ContentId const& to) const;

    /// The way back, where the index did not take it.
    Status recall(ContentId const& id) const;

    void remove_blob(ContentId const& id) const;
    void remove_partial(ContentId const& id) const;

    /// Bytes of a partial; 0 if it is not there.
    std::uint64_t partial_size(ContentId const& id) const;

    /// Bytes that this user may still write on the disk.
    Result<std::uint64_t> disk_free() const;

    struct Entry {
        std::filesystem::path path;
        std::string name;
        std::uint64_t size = 0;
    };

    std::vector<Entry> blob_files() const;
    std::vector<Entry> partial_files() const;
    std::vector<Entry> outbox_files() const;

private:
    BlobFolder(std::filesystem::path root, UniqueFd lock)
        : root_(std::move(root))
        , lock_(std::move(lock)) {}

    std::filesystem::path root_;
    UniqueFd lock_;
};

}  // namespace satchel::transfer
