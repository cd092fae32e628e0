#include "transfer/disk_blob_store.h"

#include <algorithm>

#include <fcntl.h>

#include "transfer/age_stream.h"
#include "transfer/disk_blob_upload.h"
#include "transfer/disk_store_state.h"
#include "transfer/merkle_root.h"
#include "transfer/storage_quota.h"
#include "transfer/store_reconciliation.h"

namespace satchel::transfer {

namespace {

constexpr std::size_t read_bytes = 1024 * 1024;

/// Gives back what abandoned uploads hold for too long. The mutex is held.
Status drop_stale_partials(DiskStoreState& state) {
    auto const partials = state.index.partials();
    if (!partials) return fail(partials.error());
    for (auto const& partial : *partials) {
        if (!state.is_stale(partial)) continue;
        if (state.arriving.contains(partial.id)) continue;
        state.folder.remove_partial(partial.id);
        state.verified.erase(partial.id);
        if (auto dropped = state.index.drop_partial(partial.id); !dropped) return dropped;
    }
    return {};
}

/// What is set aside counts as held, not as arriving once more.
struct Reserved {
    std::uint64_t bytes = 0;
    std::uint64_t of_sender = 0;
    std::uint64_t to_be_written = 0;
};

/// Uploads under way count whole, abandoned ones with what they left on the disk. The mutex is
/// held.
Result<Reserved> reserved_but_for(DiskStoreState& state, ContentId const* id,
                                  std::string const& sender) {
    Reserved reserved;
    auto const set_aside = state.index.set_aside();
    if (!set_aside) return fail(set_aside.error());
    auto const count = [&](ContentId const& what, std::uint64_t bytes, std::string const& from) {
        if (set_aside->contains(what)) return;
        reserved.bytes += bytes;
        if (from == sender) reserved.of_sender += bytes;
    };
    for (auto const& [arriving, arrival] : state.arriving) {
        count(arriving, arrival.size, arrival.sender);
        if (!arrival.disk_reserved) reserved.to_be_written += arrival.size - *arrival.verified;
    }
    auto const partials = state.index.partials();
    if (!partials) return fail(partials.error());
    for (auto const& partial : *partials) {
        if ((id != nullptr && partial.id == *id) || state.arriving.contains(partial.id)) continue;
        count(partial.id, state.folder.partial_size(partial.id), partial.sender);
    }
    return reserved;
}

/// Two sizes can have one root: a block may hold the hashes of two others.
tl::unexpected<Error> other_size(ContentId const& id) {
    return fail(Fault::corrupt, "blob " + id.short_form() + " is known here by another size");
}

/// Of a blob that was set aside, and comes again.
Result<Reserved> counted_already(DiskStoreState& state, ContentId const& id, std::uint64_t size,
                                 std::string const& sender) {
    auto const known = state.index.set_aside_size(id);
    if (!known) return fail(known.error());
    if (!*known) return Reserved();
    if (**known != size) return other_size(id);
    auto const from_sender = state.index.holds_from(id, sender);
    if (!from_sender) return fail(from_sender.error());
    return Reserved{size, *from_sender ? size : 0, 0};
}

Status admit_now(DiskStoreState& state, ContentId const& id, std::uint64_t size,
                 std::string const& sender) {
    auto const totals = state.index.totals();
    if (!totals) return fail(totals.error());
    auto const from_sender = state.index.bytes_from(sender);
    if (!from_sender) return fail(from_sender.error());
    auto const reserved = reserved_but_for(state, &id, sender);
    if (!reserved) return fail(reserved.error());
    auto const free = state.folder.disk_free();
    if (!free) return fail(free.error());
    auto const counted = counted_already(state, id, size, sender);
    if (!counted) return fail(counted.error());
    return admit(state.options.quota,
                 {.taken = totals->bytes + reserved->bytes - counted->bytes,
                  .taken_by_sender = *from_sender + reserved->of_sender - counted->of_sender,
                  .disk_free = *free,
                  .disk_promised = reserved->to_be_written,
                  .disk_margin = state.options.disk_margin_bytes},
                 {.size = size, .on_disk = state.folder.partial_size(id), .sender = sender});
}

tl::unexpected<Error> not_here(ContentId const& id) {
    return fail(Fault::not_found, "blob " + id.short_form() + " is not here");
}

}  // namespace

std::uint64_t whole_pieces(std::uint64_t bytes, std::uint64_t blob_bytes) {
    if (bytes >= blob_bytes) return blob_bytes;
    return bytes - bytes % piece_length_for(blob_bytes);
}

bool DiskStoreState::is_stale(PartialBlob const& partial) const {
    auto const lifetime =
        partial.lacks_layer() ? options.draft_lifetime_seconds : options.partial_lifetime_seconds;
    return partial.touched + lifetime < clock.unix_seconds();
}

// The new row first: whichever name a crash leaves the file, one of the rows speaks for it.
Status DiskStoreState::name_partial(PartialBlob draft, ContentId const& id) {
    auto const held = index.size_of(id);
    if (!held) return fail(held.error());
    if (*held) return fail(Fault::refused, "blob " + id.short_form() + " is here already");
    auto const known = index.set_aside_size(id);
    if (!known) return fail(known.error());
    if (*known && **known != draft.size) return other_size(id);
    if (arriving.contains(id)) {
        return fail(Fault::unavailable, "blob " + id.short_form() + " is arriving already");
    }
    auto const named = index.partial(id);
    if (!named) return fail(named.error());
    auto const of_draft = whole_pieces(folder.partial_size(draft.id), draft.size);
    if (*named && (*named)->size == draft.size && of_draft == 0)
        return fail(Fault::refused, "what came under its name is more");
    auto const stand_in = std::exchange(draft.id, id);
    if (auto entered = index.put_partial(draft); !entered) return entered;
    if (auto renamed = folder.rename_partial(stand_in, id); !renamed) return renamed;
    verified.erase(id);
    return index.drop_partial(stand_in);
}

DiskBlobStore::DiskBlobStore(std::shared_ptr<DiskStoreState> state, Reconciliation opening)
    : state_(std::move(state))
    , opening_(std::move(opening)) {}

DiskBlobStore::~DiskBlobStore() = default;

Result<std::unique_ptr<DiskBlobStore>> DiskBlobStore::open(DiskStoreOptions options,
                                                           Clock const& clock) {
    auto folder = BlobFolder::open(options.folder);
    if (!folder) return fail(folder.error());
    auto index = BlobIndex::open(folder->index_file());
    if (!index) return fail(index.error());
    auto state = std::make_shared<DiskStoreState>(std::move(options), clock, std::move(*folder),
                                                  std::move(*index));
    auto opening = reconcile(*state);
    if (!opening) return fail(opening.error());
    return std::unique_ptr<DiskBlobStore>(new DiskBlobStore(std::move(state), std::move(*opening)));
}

std::filesystem::path DiskBlobStore::outbox() const {
    return state_->folder.outbox();
}

Status DiskBlobStore::may_come(ContentId const& id, std::uint64_t size, std::string const& sender) {
    if (size < blob_bytes_min) return fail(Fault::refused, "no blob is as small as that");
    auto const held = state_->index.size_of(id);
    if (!held) return fail(held.error());
    if (*held) return fail(Fault::refused, "blob " + id.short_form() + " is here already");
    if (state_->arriving.contains(id)) {
        return fail(Fault::unavailable, "blob " + id.short_form() + " is arriving already");
    }
    auto admitted = admit_now(*state_, id, size, sender);
    if (!admitted && admitted.error().fault == Fault::no_space) {
        if (auto dropped = drop_stale_partials(*state_); !dropped) return dropped;
        admitted = admit_now(*state_, id, size, sender);
    }
    return admitted;
}

Status DiskBlobStore::reserve(ContentId const& id, std::uint64_t size, std::string const& sender) {
    std::lock_guard const lock(state_->mutex);
    if (auto may = may_come(id, size, sender); !may) return may;
    state_->arriving[id] = {size, sender, std::make_shared<std::atomic<std::uint64_t>>(0), false};
    return {};
}

Result<std::unique_ptr<BlobUpload>> DiskBlobStore::receive(ContentId const& id, std::uint64_t size,
                                                           std::string const& sender) {
    if (auto reserved = reserve(id, size, sender); !reserved) return fail(reserved.error());
    return DiskBlobUpload::begin(state_, id);
}

Result<std::unique_ptr<BlobUpload>> DiskBlobStore::receive_draft(ContentId const& stand_in,
                                                                 std::uint64_t size,
                                                                 std::string const& sender) {
    if (pieces_in(size) < 2) return fail(Fault::refused, "a draft has several pieces");
    if (auto reserved = reserve(stand_in, size, sender); !reserved) return fail(reserved.error());
    return DiskBlobUpload::begin_draft(state_, stand_in);
}

Status DiskBlobStore::name_draft(ContentId const& stand_in, ContentId const& id,
                                 std::uint64_t size) {
    std::lock_guard const lock(state_->mutex);
    auto draft = state_->index.partial(stand_in);
    if (!draft) return fail(draft.error());
    bool const left = *draft && (*draft)->size == size && !state_->arriving.contains(stand_in);
    if (!left) return fail(Fault::not_found, "no such draft");
    return state_->name_partial(std::move(**draft), id);
}

Status DiskBlobStore::hold(ContentId const& id, Holding const& holding) {
    std::lock_guard const lock(state_->mutex);
    auto const size = state_->index.size_of(id);
    if (!size) return fail(size.error());
    if (!*size) return not_here(id);
    auto const counted = state_->index.holds_from(id, holding.sender);
    if (!counted) return fail(counted.error());
    if (!*counted && !holding.sender.empty()) {
        auto const from_sender = state_->index.bytes_from(holding.sender);
        if (!from_sender) return fail(from_sender.error());
        // Nothing more is stored, but a sender answers for what is kept at their word.
        auto const all = ~std::uint64_t{0};
        auto admitted = admit({all, state_->options.quota.per_sender_bytes},
                              {.taken_by_sender = *from_sender, .disk_free = all},
                              {.size = **size, .on_disk = **size, .sender = holding.sender});
        if (!admitted) return admitted;
    }
    auto held = state_->index.hold(id, holding);
    if (held) state_->tell_changed(id);
    return held;
}

Result<std::optional<HeldBlob>> DiskBlobStore::find(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    return state_->index.find(id);
}

Result<std::optional<HeldBlob>> DiskBlobStore::find_listed(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    return state_->index.find_listed(id);
}

Result<std::vector<HeldBlob>> DiskBlobStore::list() {
    std::lock_guard const lock(state_->mutex);
    return state_->index.list();
}

Result<std::vector<HeldBlob>> DiskBlobStore::list_after(std::optional<ContentId> const& after,
                                                        std::size_t most) {
    std::lock_guard const lock(state_->mutex);
    return state_->index.list_after(after, most);
}

Result<std::vector<HeldBlob>> DiskBlobStore::list_arrived_after(std::uint64_t arrival,
                                                                std::size_t most) {
    std::lock_guard const lock(state_->mutex);
    return state_->index.list_arrived_after(arrival, most);
}

std::vector<ArrivingBlob> DiskBlobStore::arriving() const {
    std::lock_guard const lock(state_->mutex);
    std::vector<ArrivingBlob> all;
    for (auto const& [id, arrival] : state_->arriving)
        all.push_back({id, arrival.size, *arrival.verified, arrival.sender});
    return all;
}

Result<UniqueFd> DiskBlobStore::open(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    auto const size = state_->index.size_of(id);
    if (!size) return fail(size.error());
    if (!*size) return not_here(id);
    // There was no room for its file, and may be now.
    if (state_->unwritten.contains(id)) {
        if (auto written = state_->write_kept(id); !written) return fail(written.error());
    }
    return open_file(state_->folder.blob(id).string(), O_RDONLY);
}

Result<Bytes> DiskBlobStore::layer(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    return state_->index.layer(id);
}

std::uint64_t DiskBlobStore::received_so_far(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    auto const arriving = state_->arriving.find(id);
    if (arriving != state_->arriving.end()) return *arriving->second.verified;
    auto const partial = state_->index.partial(id);
    if (!partial || !*partial) return 0;
    return whole_pieces(state_->folder.partial_size(id), (*partial)->size);
}

Result<bool> DiskBlobStore::release(ContentId const& id, AddressTag const& recipient) {
    std::lock_guard const lock(state_->mutex);
    // What was set aside lies there as a partial, and its row goes with the blob's: after a crash
    // nothing speaks for the file. One that is coming again is its upload's.
    bool const arriving = state_->arriving.contains(id);
    auto const released = state_->index.release(id, recipient, !arriving);
    if (!released) return fail(released.error());
    if (released->blob) {
        state_->unsettled.erase(id);
        state_->unwritten.erase(id);
        state_->folder.remove_blob(id);
        if (!arriving) {
            state_->folder.remove_partial(id);
            state_->verified.erase(id);
        }
    }
    if (released->holding) state_->tell_changed(id);
    return released->holding;
}

Result<bool> DiskBlobStore::is_whole(ContentId const& id) {
    auto const held = find_listed(id);
    if (!held) return fail(held.error());
    if (!*held) return not_here(id);
    if ((*held)->set_aside) return false;
    auto const file = open(id);
    if (!file && file.error().fault == Fault::no_space) return fail(file.error());
    if (!file) return false;
    MerkleHasher hasher;
    Bytes buffer(read_bytes);
    for (std::uint64_t at = 0;;) {
        auto const got = read_at(file->get(), buffer, at);
        if (!got) return false;
        if (*got == 0) break;
        at += *got;
        hasher.write(ByteSpan(buffer).first(*got));
    }
    auto const tree = hasher.finish();
    return tree && tree->root == id;
}

// In this order, so that after a crash either nothing has happened, or it is set aside and its file
// is a partial, or nothing's.
Result<bool> DiskBlobStore::set_aside(ContentId const& id) {
    std::lock_guard const lock(state_->mutex);
    auto const held = state_->index.find_listed(id);
    if (!held) return fail(held.error());
    if (!*held || (*held)->set_aside) return held->has_value();
    auto const layer = state_->index.layer(id);
    bool const in_pieces = layer && !layer->empty();
    if (in_pieces) {
        PartialBlob const partial{id, (*held)->size, (*held)->holdings.front().sender, *layer,
                                  state_->clock.unix_seconds()};
        if (auto entered = state_->index.put_partial(partial); !entered)
            return fail(entered.error());
    }
    if (auto marked = state_->index.put_aside(id); !marked) return fail(marked.error());
    state_->verified.erase(id);
    state_->unwritten.erase(id);
    if (!in_pieces || !state_->folder.recall(id)) state_->folder.remove_blob(id);
    return true;
}

Result<StoreUsage> DiskBlobStore::usage() {
    std::lock_guard const lock(state_->mutex);
    auto const totals = state_->index.totals();
    if (!totals) return fail(totals.error());
    auto const reserved = reserved_but_for(*state_, nullptr, "");
    if (!reserved) return fail(reserved.error());
    return StoreUsage{totals->blobs, totals->bytes, reserved->bytes};
}

}  // namespace satchel::transfer
