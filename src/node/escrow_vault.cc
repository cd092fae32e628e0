#include "src/node/escrow_vault.h"

#include <set>

#include "src/core/locator.h"

namespace satchel::node {

namespace {

constexpr std::size_t copy_bytes = 1024 * 1024;

/// Grants and labels stand in the index.
transfer::Holding holding_for(EscrowItem const& item) {
    transfer::Holding holding;
    holding.recipient = address_tag(item.recipient);
    return holding;
}

}  // namespace

Result<std::unique_ptr<EscrowVault>> EscrowVault::open(std::filesystem::path const& folder,
                                                       std::uint64_t quota_bytes,
                                                       Clock const& clock) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return fail(Fault::config, folder.string() + ": " + failed.message());
    transfer::DiskStoreOptions options;
    options.folder = folder;
    options.quota = {quota_bytes, quota_bytes};
    auto store = transfer::DiskBlobStore::open(std::move(options), clock);
    if (!store) return fail(store.error());
    auto index = EscrowIndex::open(folder / "escrow.sqlite");
    if (!index) return fail(index.error());
    std::unique_ptr<EscrowVault> vault(new EscrowVault(std::move(*store), std::move(*index)));
    if (auto done = vault->reconcile(); !done) return fail(done.error());
    return vault;
}

Status EscrowVault::reconcile() {
    auto const waiting = index_.waiting();
    if (!waiting) return fail(waiting.error());
    std::set<std::pair<ContentId, AddressTag>> wanted;
    for (EscrowItem const& item : *waiting) {
        auto const held = store_->find(item.content_id);
        if (!held) return fail(held.error());
        if (*held) {
            wanted.emplace(item.content_id, address_tag(item.recipient));
            continue;
        }
        if (item.waits()) lost_.push_back(item.ticket);
        auto gone = item.waits() ? index_.remove(item.ticket) : end_copies(item);
        if (!gone) return gone;
    }
    auto const all = store_->list();
    if (!all) return fail(all.error());
    for (transfer::HeldBlob const& blob : *all) {
        for (transfer::Holding const& holding : blob.holdings) {
            if (wanted.contains({blob.id, holding.recipient})) continue;
            auto const gone = store_->release(blob.id, holding.recipient);
            if (!gone) return fail(gone.error());
        }
    }
    return {};
}

/// Into the store, held for the first recipient, then for the others.
Status EscrowVault::store_blob(CarriedBlob const& blob, std::vector<EscrowItem> const& items) {
    auto upload = store_->receive(blob.content_id, blob.bytes, "");
    if (!upload) return fail(upload.error());
    if (!blob.layer.empty()) {
        if (auto set = (*upload)->set_layer(blob.layer); !set) return set;
    }
    Bytes buffer(copy_bytes);
    for (std::uint64_t at = 0; at < blob.bytes;) {
        auto const got = read_at(blob.file->get(), buffer, at);
        if (!got) return fail(got.error());
        if (*got == 0) return fail(Fault::io, "the blob's file is shorter than it was");
        if (auto done = (*upload)->write(ByteSpan(buffer).first(*got)); !done) return done;
        at += *got;
    }
    if (auto done = (*upload)->finish(holding_for(items.front())); !done) return done;
    for (std::size_t i = 1; i < items.size(); ++i) {
        auto held = store_->hold(blob.content_id, holding_for(items[i]));
        if (!held) return held;
    }
    return {};
}

Status EscrowVault::keep(CarriedBlob const& blob, std::vector<EscrowItem> const& items) {
    auto kept = store_blob(blob, items);
    if (kept) kept = index_.add(items);
    if (kept) return kept;
    // What a full disk keeps us from removing here goes at the next start.
    for (EscrowItem const& item : items)
        static_cast<void>(store_->release(blob.content_id, address_tag(item.recipient)));
    return kept;
}

Result<CarriedBlob> EscrowVault::open_blob(ContentId const& id) {
    auto const held = store_->find(id);
    if (!held) return fail(held.error());
    if (!*held) return fail(Fault::not_found, id.short_form() + "… is not kept");
    auto file = store_->open(id);
    if (!file) return fail(file.error());
    auto layer = store_->layer(id);
    if (!layer) return fail(layer.error());
    return CarriedBlob{id, (*held)->size, std::move(*layer),
                       std::make_shared<UniqueFd>(std::move(*file))};
}

/// The blob stays for whoever else has a ticket of it: one address may have been named twice.
Status EscrowVault::let_go(EscrowItem const& item) {
    auto const wanted = index_.has_twin(item);
    if (!wanted) return fail(wanted.error());
    if (*wanted) return {};
    auto const gone = store_->release(item.content_id, address_tag(item.recipient));
    return gone ? Status() : Status(fail(gone.error()));
}

/// Of its receipt, what somebody will ask for.
Status EscrowVault::end_copies(EscrowItem const& item) {
    return item.released ? index_.remove(item.ticket) : index_.note_enough(item.ticket);
}

Status EscrowVault::settle(std::string const& ticket, EscrowCopy const& copy) {
    // The receipt first: a crash between leaves a blob, which the next start removes.
    if (auto noted = index_.note_copy(ticket, copy); !noted) return noted;
    auto const item = index_.find(ticket);
    if (!item) return fail(item.error());
    if (!*item || (*item)->needs_more()) return {};
    if ((*item)->released) {
        if (auto gone = index_.remove(ticket); !gone) return gone;
    }
    return let_go(**item);
}

Status EscrowVault::release(std::string const& ticket) {
    auto const item = index_.find(ticket);
    if (!item) return fail(item.error());
    if (!*item) return {};
    bool const has_arrived = !(*item)->waits();
    if (has_arrived && (*item)->needs_more()) return index_.note_released(ticket);
    if (auto gone = index_.remove(ticket); !gone) return gone;
    return let_go(**item);
}

Status EscrowVault::give_up_copies(std::string const& ticket) {
    auto const item = index_.find(ticket);
    if (!item) return fail(item.error());
    if (!*item || (*item)->waits()) return {};
    if (auto ended = end_copies(**item); !ended) return ended;
    return let_go(**item);
}

}  // namespace satchel::node
