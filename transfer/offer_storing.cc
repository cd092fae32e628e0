#include "transfer/offer_storing.h"

#include <algorithm>
#include <utility>

#include "transfer/draft_offer.h"
#include "transfer/merkle_root.h"

namespace satchel::transfer {

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

Reserved reserve_room(BlobStore& store, Offer const& offer, std::string const& account) {
    Reserved reserved;
    bool const draft = is_draft(offer);
    // A draft has several pieces.
    if (!draft && pieces_in(offer.size) > 1) {
        auto const stand_in = stand_in_for(offer.sender_node, offer.id);
        static_cast<void>(store.name_draft(stand_in, offer.content_id, offer.size));
    }
    auto upload = draft ? store.receive_draft(offer.content_id, offer.size, account)
                        : store.receive(offer.content_id, offer.size, account);
    if (upload) {
        reserved.upload = std::move(*upload);
        return reserved;
    }
    reserved.status = fail(upload.error());
    if (upload.error().fault == Fault::unavailable)
        reserved.arriving = store.received_so_far(offer.content_id);
    return reserved;
}

Reserved take_whole(BlobStore& store, Offer const& offer, Holding const& holding, ByteSpan blob,
                    std::shared_ptr<BlobUpload> begun) {
    auto held = hold_if_here(store, offer, holding);
    Reserved taken;
    if (held && !*held) {
        if (!begun) taken = reserve_room(store, offer, holding.sender);
        if (taken.upload) begun = std::exchange(taken.upload, nullptr);
        if (begun) {
            auto const have = static_cast<std::size_t>(begun->offset());
            taken.status = begun->write(blob.subspan(have));
            if (taken.status) taken.status = begun->finish(holding);
            return taken;
        }
        if (taken.status.error().fault != Fault::refused) return taken;
        // Another offer may have brought the blob just now.
        held = hold_if_here(store, offer, holding);
        if (held && !*held) return taken;
    }
    taken.status = held ? Status() : Status(fail(held.error()));
    return taken;
}

}  // namespace satchel::transfer
