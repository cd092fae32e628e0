// A draft: an offer of a blob that is still being encrypted, so that its bytes may go ahead of its
// name. In place of the ContentId stands a number that nothing hashes to; the offer proper, with
// the same id, closes the draft.
#pragma once

#include "src/core/offer.h"

namespace satchel::transfer {

/// What stands for the name of the blob that `sender` offers by `id`.
ContentId stand_in_for(NodeKey const& sender, OfferId const& id);

bool is_draft(Offer const& offer);

/// Is this the offer proper behind the draft?
bool closes(Offer const& offer, Offer const& draft);

}  // namespace satchel::transfer
