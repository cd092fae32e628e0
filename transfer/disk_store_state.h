// What a disk blob store and its uploads share, so that an upload may outlive the store.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "src/base/clock.h"
#include "transfer/blob_folder.h"
#include "transfer/blob_index.h"
#include "transfer/disk_blob_store.h"

namespace satchel::transfer {

/// An upload under way, as the others must know of it.
struct Arrival {
    std::uint64_t size = 0;  ///< of the blob, in bytes
    std::string sender;
    std::shared_ptr<std::atomic<std::uint64_t>> verified;  ///< bytes, set by the upload
    bool disk_reserved = false;  ///< the file system has set the bytes aside
};

struct DiskStoreState {
    DiskStoreState(DiskStoreOptions opened_with, Clock const& time, BlobFolder opened_folder,
                   BlobIndex opened_index)
        : options(std::move(opened_with))
        , clock(time)
        , folder(std::move(opened_folder))
        , index(std::move(opened_index)) {}

    void tell_changed(ContentId const& id) const {
        if (options.changed) options.changed(id);
    }

    DiskStoreOptions const options;
    Clock const& clock;
    BlobFolder const folder;

    std::mutex settling;  ///< held by the settle() under way; taken before `mutex`

    std::mutex mutex;  ///< guards what follows
    BlobIndex index;
    std::map<ContentId, Arrival> arriving;

    /// Blobs whose files are not synced as yet: their bytes are durable in the index.
    std::set<ContentId> unsettled;

    /// Blobs whose files could not be written for want of room: only the index has their bytes.
    std::set<ContentId> unwritten;

    /// Bytes of partials that this process has verified: they need not be hashed again.
    std::map<ContentId, std::uint64_t> verified;

    /// Writes the file of a blob from the bytes that the index keeps. The mutex is held.
    Status write_kept(ContentId const& id);

    /// Has nobody gone on with it for too long?
    bool is_stale(PartialBlob const& partial) const;

    /// A draft, under way or left behind, becomes a partial of the blob `id`. The mutex is held.
    /// Fault::refused: that is held, or what came under its name is more than nothing of the draft.
    /// Fault::unavailable: it is arriving.
    Status name_partial(PartialBlob draft, ContentId const& id);
};

/// Whole pieces in so many first bytes of a blob.
std::uint64_t whole_pieces(std::uint64_t bytes, std::uint64_t blob_bytes);

}  // namespace satchel::transfer
