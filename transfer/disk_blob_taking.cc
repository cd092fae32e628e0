// Small blobs that come whole. Three syncs would take longer than all else: file, folder and index.
// The index alone is synced, with the blob's bytes in it, before anybody hears of the blob; the
// file is written beside, and synced when nobody waits. A power cut between the two costs nothing:
// opening writes the file once more.
#include "transfer/disk_blob_store.h"
#include "transfer/disk_store_state.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

/// What is larger would swell the index, and gains little.
constexpr std::size_t small_bytes_max = 16 * 1024;

/// What our own disk says is no word about what a sender did.
Status of_disk(Status done) {
    if (done || done.error().fault == Fault::no_space) return done;
    return fail(Fault::io, done.error().what);
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
    auto done = state_->folder.write_blob(id, blob);
    if (done) done = state_->index.add(id, blob.size(), {}, holding, blob);
    if (!done) {
        state_->folder.remove_blob(id);
        return of_disk(done);
    }
    state_->unwritten.erase(id);
    state_->unsettled.insert(id);
    state_->folder.remove_partial(id);
    state_->verified.erase(id);
    state_->tell_changed(id);
    return {};
}

// A sync that failed is not tried again: Linux tells of lost pages once, takes them for clean, and
// the next sync would be believed. The bytes stay in the index, and opening writes the file anew.
Status DiskBlobStore::settle() {
    std::unique_lock const alone(state_->settling, std::try_to_lock);
    if (!alone) return {};
    std::set<ContentId> ids;
    {
        std::lock_guard const lock(state_->mutex);
        ids = std::exchange(state_->unsettled, {});
    }
    Status trouble;
    std::erase_if(ids, [&](ContentId const& id) {
        auto const synced = state_->folder.sync_blob(id);
        if (!synced && trouble) trouble = synced;
        return !synced;
    });
    std::lock_guard const lock(state_->mutex);
    // One that went meanwhile, and came again, is not meant.
    std::erase_if(ids, [this](ContentId const& id) { return state_->unsettled.contains(id); });
    if (auto forgotten = state_->index.forget_bytes(ids); !forgotten) {
        state_->unsettled.merge(ids);
        return forgotten;
    }
    return trouble;
}

Status DiskStoreState::write_kept(ContentId const& id) {
    auto const bytes = index.kept_bytes(id);
    if (!bytes) return fail(bytes.error());
    if (auto written = folder.write_blob(id, *bytes); !written) return written;
    unwritten.erase(id);
    unsettled.insert(id);
    return {};
}

}  // namespace satchel::transfer
