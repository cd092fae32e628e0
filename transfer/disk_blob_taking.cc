// Small blobs that come whole. Three syncs would take longer than all else: file, folder and index.
// The index alone is synced, with the blob's bytes in it, before anybody hears of the blob; the
// file is written beside, and synced when nobody waits. A power cut between the two costs nothing:
// opening writes the file once more.
#include <fcntl.h>

#include "transfer/disk_blob_store.h"
#include "transfer/disk_store_state.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

/// What is larger would swell the index, and gains little.
constexpr std::size_t small_bytes_max = 16 * 1024;

Status write_file(std::filesystem::path const& path, ByteSpan bytes) {
    auto const file = open_file(path.string(), O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) return fail(file.error());
    return write_all_at(file->get(), bytes, 0);
}

}  // namespace

Status DiskBlobStore::take(ContentId const& id, ByteSpan blob, Holding const& holding) {
    if (blob.size() > small_bytes_max) return BlobStore::take(id, blob, holding);
    MerkleHasher hasher;
    hasher.write(blob);
    auto const tree = hasher.finish();
    std::lock_guard const lock(state_->mutex);
    if (auto may = may_come(id, blob.size(), holding.sender); !may) return may;
    if (!tree || tree->root != id)
        return fail(Fault::corrupt, "blob does not hash to its content id");
    auto done = write_file(state_->folder.blob(id), blob);
    if (done) done = state_->index.add(id, blob.size(), {}, holding, blob);
    if (!done) {
        state_->folder.remove_blob(id);
        return done;
    }
    state_->unsettled.insert(id);
    state_->folder.remove_partial(id);
    state_->verified.erase(id);
    state_->tell_changed(id);
    return {};
}

Status DiskBlobStore::settle() {
    std::set<ContentId> ids;
    {
        std::lock_guard const lock(state_->mutex);
        ids = std::exchange(state_->unsettled, {});
    }
    Status synced;
    for (auto id = ids.begin(); synced && id != ids.end(); ++id)
        synced = state_->folder.sync_blob(*id);
    std::lock_guard const lock(state_->mutex);
    if (!synced) {
        state_->unsettled.merge(ids);
        return synced;
    }
    // One that went meanwhile, and came again, is not meant.
    std::erase_if(ids, [this](ContentId const& id) { return state_->unsettled.contains(id); });
    return state_->index.forget_bytes(ids);
}

}  // namespace satchel::transfer
