#include "transfer/draft_offer.h"

#include "src/base/sodium_hash.h"

namespace satchel::transfer {

ContentId stand_in_for(NodeKey const& sender, OfferId const& id) {
    return ContentId{blake2b<32>({bytes_of("satchel/draft/1"), sender.bytes, id.bytes})};
}

bool is_draft(Offer const& offer) {
    return offer.content_id == stand_in_for(offer.sender_node, offer.id);
}

bool closes(Offer const& offer, Offer const& draft) {
    return is_draft(draft) && !is_draft(offer) && offer.id == draft.id &&
           offer.sender_node == draft.sender_node && offer.size == draft.size &&
           offer.recipient == draft.recipient;
}

}  // namespace satchel::transfer
