#include "transfer/store_reconciliation.h"

#include <algorithm>
#include <map>

#include <unistd.h>

#include "src/base/atomic_file.h"
#include "transfer/disk_store_state.h"

namespace satchel::transfer {

namespace {

class Reconciler {
public:
    explicit Reconciler(DiskStoreState& state)
        : state_(state)
        , folder_(state.folder)
        , index_(state.index) {}

    Status run() {
        auto done = write_kept_bytes();
        if (done) done = recall_unindexed();
        if (done) done = check_partials();
        if (done) done = remove_stray_partials();
        if (done) done = check_blobs();
        for (auto const& left : folder_.outbox_files())
            ::unlink(left.path.c_str());
        return done;
    }

    Reconciliation take() { return std::move(report_); }

private:
    void remove_stray(BlobFolder::Entry const& file) {
        ::unlink(file.path.c_str());
        report_.stray.push_back(file.path);
    }

    /// Files of small blobs that a power cut may have taken before they were synced. All are
    /// written, in place, also those that look right: a sync that failed leaves right bytes in the
    /// memory that the disk has not, and only what is written anew will be synced in earnest. A
    /// full disk keeps nobody from the other blobs: the bytes stay in the index.
    Status write_kept_bytes() {
        auto const kept = index_.with_kept_bytes();
        if (!kept) return fail(kept.error());
        for (ContentId const& id : *kept) {
            auto const written = state_.write_kept(id);
            if (written) continue;
            if (written.error().fault != Fault::no_space) return fail(written.error());
            auto const bytes = index_.kept_bytes(id);
            if (!bytes) return fail(bytes.error());
            auto const there = read_whole_file(folder_.blob(id), bytes->size());
            if (!there || *there != *bytes) state_.unwritten.insert(id);
        }
        return {};
    }

    /// The crash was between the move and the index, or between the index and the removal.
    Status recall_unindexed() {
        for (auto const& file : folder_.blob_files()) {
            auto const id = ContentId::parse(file.name);
            if (!id || folder_.blob(*id) != file.path) {
                remove_stray(file);
                continue;
            }
            auto const size = index_.size_of(*id);
            if (!size) return fail(size.error());
            if (*size) {
                blobs_[*id] = file.size;
                continue;
            }
            auto const partial = index_.partial(*id);
            if (!partial) return fail(partial.error());
            if (!*partial || (*partial)->size != file.size) {
                remove_stray(file);
            } else if (auto done = folder_.recall(*id); !done) {
                return done;
            }
        }
        return {};
    }

    Status check_partials() {
        auto const partials = index_.partials();
        if (!partials) return fail(partials.error());
        for (auto const& partial : *partials) {
            auto const kept = whole_pieces(folder_.partial_size(partial.id), partial.size);
            bool const stale = state_.is_stale(partial);
            if (stale) ++report_.stale_partials;
            auto const path = folder_.partial(partial.id);
            // A piece that was being written when the process died is no piece.
            bool const cut = kept > 0 && ::truncate(path.c_str(), static_cast<off_t>(kept)) == 0;
            if (cut && !stale) continue;
            folder_.remove_partial(partial.id);
            if (auto done = index_.drop_partial(partial.id); !done) return done;
        }
        return {};
    }

    Status remove_stray_partials() {
        for (auto const& file : folder_.partial_files()) {
            auto const id = ContentId::parse(file.name);
            if (id) {
                auto const partial = index_.partial(*id);
                if (!partial) return fail(partial.error());
                if (*partial) continue;
            }
            remove_stray(file);
        }
        return {};
    }

    Status check_blobs() {
        auto const held = index_.list();
        if (!held) return fail(held.error());
        for (auto const& blob : *held) {
            if (blob.set_aside || state_.unwritten.contains(blob.id)) continue;
            auto const file = blobs_.find(blob.id);
            if (file != blobs_.end() && file->second == blob.size) continue;
            folder_.remove_blob(blob.id);
            if (auto done = index_.forget(blob.id); !done) return done;
            report_.lost.push_back(blob.id);
        }
        return {};
    }

    DiskStoreState& state_;
    BlobFolder const& folder_;
    BlobIndex& index_;
    std::map<ContentId, std::uint64_t> blobs_;  ///< sizes of files the index knows
    Reconciliation report_;
};

}  // namespace

Result<Reconciliation> reconcile(DiskStoreState& state) {
    Reconciler reconciler(state);
    if (auto done = reconciler.run(); !done) return fail(done.error());
    return reconciler.take();
}

}  // namespace satchel::transfer
