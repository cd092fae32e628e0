#include "transfer/disk_blob_upload.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "src/base/uncached_file.h"

namespace satchel::transfer {

namespace {

constexpr std::uint64_t write_back_bytes = 8 * 1024 * 1024;

}  // namespace

DiskBlobUpload::DiskBlobUpload(std::shared_ptr<DiskStoreState> state, ContentId const& id,
                               Arrival const& arrival)
    : state_(std::move(state))
    , id_(id)
    , arrival_(arrival)
    , verifier_(id, arrival.size) {}

Result<std::unique_ptr<BlobUpload>> DiskBlobUpload::begin(std::shared_ptr<DiskStoreState> state,
                                                          ContentId const& id) {
    Arrival arrival;
    {
        std::lock_guard const lock(state->mutex);
        arrival = state->arriving.at(id);
    }
    std::unique_ptr<DiskBlobUpload> upload(new DiskBlobUpload(std::move(state), id, arrival));
    if (auto opened = upload->open(); !opened) return fail(opened.error());
    return std::unique_ptr<BlobUpload>(std::move(upload));
}

Result<std::unique_ptr<BlobUpload>> DiskBlobUpload::begin_draft(
    std::shared_ptr<DiskStoreState> const& state, ContentId const& stand_in) {
    auto begun = begin(state, stand_in);
    if (!begun) return begun;
    auto& upload = dynamic_cast<DiskBlobUpload&>(**begun);
    upload.was_draft_ = true;
    std::lock_guard const lock(state->mutex);
    if (auto entered = state->index.put_partial(upload.as_partial()); !entered)
        return fail(entered.error());
    upload.entered_ = true;
    return begun;
}

Status DiskBlobUpload::open() {
    std::optional<PartialBlob> partial;
    {
        std::lock_guard const lock(state_->mutex);
        auto found = state_->index.partial(id_);
        if (!found) return fail(found.error());
        partial = std::move(*found);
    }
    bool const resumes = partial && partial->size == arrival_.size;
    auto const flags = O_RDWR | O_CREAT | (resumes ? 0 : O_TRUNC);
    auto fd = open_file(state_->folder.partial(id_).string(), flags);
    if (!fd) return fail(fd.error());
    fd_ = std::move(*fd);
    if (resumes) {
        if (auto gone_on = go_on_with(*partial); !gone_on) return gone_on;
    }
    return reserve_disk();
}

Status DiskBlobUpload::go_on_with(PartialBlob const& partial) {
    was_draft_ = partial.lacks_layer();
    if (!was_draft_) {
        if (auto known = verifier_.set_layer(partial.layer); !known) return known;
        layer_ = partial.layer;
    }
    entered_ = true;
    auto const there = file_size(fd_.get());
    if (!there) return fail(there.error());
    auto const kept = whole_pieces(*there, arrival_.size);
    std::uint64_t trusted = 0;
    {
        std::lock_guard const lock(state_->mutex);
        auto const known = state_->verified.find(id_);
        if (known != state_->verified.end()) trusted = std::min(known->second, kept);
    }
    // Of a draft the hashes are wanted.
    if (!was_draft_) verifier_.trust_kept(trusted);
    return go_on_from(kept);
}

Status DiskBlobUpload::go_on_from(std::uint64_t kept) {
    Bytes piece(std::min(piece_length_for(arrival_.size), arrival_.size));
    while (verifier_.offset() < kept) {
        auto const n = std::min<std::uint64_t>(piece.size(), kept - verifier_.offset());
        auto const read = read_at(fd_.get(), std::span(piece).first(n), verifier_.offset());
        if (!read) return fail(read.error());
        // A power cut may have taken what was never synced: then all from there comes again.
        if (*read != n || !verifier_.take_kept(std::span(piece).first(n))) break;
    }
    cut_to(verifier_.offset());
    written_back_ = verifier_.offset();
    note_verified();
    return {};
}

Status DiskBlobUpload::reserve_disk() {
    auto const from = static_cast<off_t>(verifier_.offset());
    auto const length = static_cast<off_t>(arrival_.size - verifier_.offset());
    if (length == 0) return {};
    if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, from, length) != 0) {
        auto error = system_error("the storage's disk");
        // Not every file system can; then the first full write tells.
        return error.fault == Fault::no_space ? Status(fail(std::move(error))) : Status();
    }
    std::lock_guard const lock(state_->mutex);
    state_->arriving.at(id_).disk_reserved = true;
    return {};
}

void DiskBlobUpload::cut_to(std::uint64_t bytes) {
    // If it fails, the file is too long: the next opening cuts it, or its pieces prove wrong.
    static_cast<void>(::ftruncate(fd_.get(), static_cast<off_t>(bytes)));
}

void DiskBlobUpload::note_verified() {
    arrival_.verified->store(was_draft_ ? verifier_.whole_bytes() : verifier_.verified_bytes());
}

PartialBlob DiskBlobUpload::as_partial() const {
    return {id_, arrival_.size, arrival_.sender, layer_, state_->clock.unix_seconds()};
}

std::uint64_t DiskBlobUpload::kept_bytes() const {
    if (!fd_) return 0;
    return was_draft_ ? verifier_.whole_bytes() : verifier_.verified_bytes();
}

Status DiskBlobUpload::set_layer(ByteSpan layer) {
    bool const news = !verifier_.layer_known();
    auto done = verifier_.set_layer(layer);
    note_verified();
    if (!news || !verifier_.layer_known()) return done;
    layer_ = copy_of(layer);
    if (!done) cut_to(verifier_.offset());
    // From here on the partial outlives a crash.
    std::lock_guard const lock(state_->mutex);
    auto entered = state_->index.put_partial(as_partial());
    entered_ = entered.has_value();
    return done ? entered : done;
}

Status DiskBlobUpload::keep(std::uint64_t at, ByteSpan part) {
    auto written = arrival_.size < uncached_file_bytes ? write_all_at(fd_.get(), part, at)
                                                       : write_uncached_at(fd_.get(), part, at);
    if (!written) {
        cut_to(at);
        return written;
    }
    write_back(at + part.size());
    return written;
}

/// The disk works while the rest is on its way, so that the last sync, which the receipt waits for,
/// is short. A hint: whether all is there, only that sync tells. Of a large blob what was written
/// has begun to leave already, where the system can that.
void DiskBlobUpload::write_back(std::uint64_t up_to) {
    if (up_to < written_back_) written_back_ = up_to;
    if (up_to - written_back_ < write_back_bytes) return;
    static_cast<void>(::sync_file_range(fd_.get(), static_cast<off64_t>(written_back_),
                                        static_cast<off64_t>(up_to - written_back_),
                                        SYNC_FILE_RANGE_WRITE));
    written_back_ = up_to;
}

Status DiskBlobUpload::write(ByteSpan more) {
    if (held_) return fail(Fault::usage, "the upload is finished");
    synced_ = false;
    auto done =
        verifier_.write(more, [this](std::uint64_t at, ByteSpan part) { return keep(at, part); });
    // What is wrong goes at once; an unfinished piece is hashed again when this process comes back.
    if (!done) cut_to(verifier_.offset());
    note_verified();
    return done;
}

Status DiskBlobUpload::read(std::uint64_t at, std::span<Byte> into) const {
    std::uint64_t const there = verifier_.verified_bytes();
    if (at > there || into.size() > there - at) return fail(Fault::usage, "not verified");
    auto const read = read_at(fd_.get(), into, at);
    if (!read) return fail(read.error());
    return *read == into.size() ? Status() : fail(Fault::io, "the partial is shorter than it was");
}

Status DiskBlobUpload::sync() {
    if (synced_) return {};
    auto done = sync_file(fd_.get());
    synced_ = done.has_value();
    return done;
}

Status DiskBlobUpload::take_name(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    if (auto named = state_->name_partial(as_partial(), id); !named) return named;
    auto arrival = state_->arriving.extract(id_);
    arrival.key() = id;
    state_->arriving.insert(std::move(arrival));
    id_ = id;
    verifier_.take_name(id);
    return {};
}

Status DiskBlobUpload::finish(Holding const& holding) {
    if (held_) return fail(Fault::usage, "the upload is finished");
    if (auto right = verifier_.finish(); !right) {
        if (verifier_.offset() == 0) cut_to(0);
        return right;
    }
    if (layer_.empty()) layer_ = verifier_.layer();
    if (auto synced = sync(); !synced) return synced;

    std::lock_guard const lock(state_->mutex);
    if (auto moved = state_->folder.publish(id_); !moved) {
        static_cast<void>(state_->folder.recall(id_));
        return moved;
    }
    if (auto added = state_->index.add(id_, arrival_.size, layer_, holding); !added) {
        static_cast<void>(state_->folder.recall(id_));
        return added;
    }
    held_ = true;
    state_->verified.erase(id_);
    state_->arriving.erase(id_);
    state_->tell_changed(id_);
    return {};
}

DiskBlobUpload::~DiskBlobUpload() {
    if (held_) return;
    auto const kept = kept_bytes();
    std::lock_guard const lock(state_->mutex);
    if (kept > 0) cut_to(kept);
    // On a full disk the index can't note when this was; that there is a partial it knows already.
    if (kept > 0 && (state_->index.put_partial(as_partial()) || entered_)) {
        if (verifier_.layer_known()) state_->verified[id_] = kept;
    } else {
        // A row that stays behind has no file: opening reconciles.
        state_->folder.remove_partial(id_);
        static_cast<void>(state_->index.drop_partial(id_));
        state_->verified.erase(id_);
    }
    state_->arriving.erase(id_);
}

}  // namespace satchel::transfer
