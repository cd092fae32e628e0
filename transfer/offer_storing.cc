#include "transfer/offer_storing.h"

#include <algorithm>

#include "transfer/draft_offer.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

namespace {

Taken in_the_way(BlobStore& store, Offer const& offer, Error const& why) {
    Taken none{nullptr, fail(why)};
    if (why.fault == Fault::unavailable) none.arriving = store.received_so_far(offer.content_id);
    return none;
}

}  // namespace

Result<bool> hold_if_here(BlobStore& store, Offer const& offer, Holding const& holding) {
    auto const held = store.find(offer.content_id);
    if (!held) return fail(held.error());
    if (!*held) return false;
    if ((*held)->size != offer.size) {
        return fail(Fault::corrupt, "the offer names another size than the blob has");
    }
    auto const& holdings = (*held)->holdings;
    if (std::any_of(holdings.begin(), holdings.end(),
                    [&](Holding const& known) { return known.recipient == holding.recipient; })) {
        return true;
    }
    auto const added = store.hold(offer.content_id, holding);
    if (!added) return fail(added.error());
    return true;
}

Taken reserve_room(BlobStore& store, Offer const& offer, std::string const& account) {
    bool const draft = is_draft(offer);
    // A draft has several pieces.
    if (!draft && pieces_in(offer.size) > 1) {
        auto const stand_in = stand_in_for(offer.sender_node, offer.id);
        static_cast<void>(store.name_draft(stand_in, offer.content_id, offer.size));
    }
    auto upload = draft ? store.receive_draft(offer.content_id, offer.size, account)
                        : store.receive(offer.content_id, offer.size, account);
    if (upload) return {std::move(*upload), {}};
    return in_the_way(store, offer, upload.error());
}

Taken take_whole(BlobStore& store, Offer const& offer, Holding const& holding, ByteSpan blob,
                 std::shared_ptr<BlobUpload> const& begun) {
    auto held = hold_if_here(store, offer, holding);
    if (held && !*held && begun) {
        auto const have = static_cast<std::size_t>(begun->offset());
        auto done = begun->write(blob.subspan(have));
        return {nullptr, done ? begun->finish(holding) : done};
    }
    if (held && !*held) {
        auto const taken = store.take(offer.content_id, blob, holding);
        if (taken) return {nullptr, taken};
        if (taken.error().fault != Fault::refused) return in_the_way(store, offer, taken.error());
        // Another offer may have brought the blob just now.
        held = hold_if_here(store, offer, holding);
        if (held && !*held) return {nullptr, taken};
    }
    return {nullptr, held ? Status() : Status(fail(held.error()))};
}

}  // namespace satchel::transfer
