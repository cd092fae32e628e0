#include "transfer/incoming_offers.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "transfer/draft_offer.h"
#include "transfer/upload_slot.h"

namespace satchel::transfer {
namespace {

/// What of an offer is as long as its sender likes.
std::size_t carried_by(Offer const& offer) {
    return offer.grant.size() + offer.label.size();
}

}  // namespace

std::shared_ptr<IncomingOffer> IncomingOffers::add(Offer const& offer, std::string const& account) {
    Key const key{offer.sender_node, offer.id};
    std::shared_ptr<UploadSlot> ahead;
    if (auto known = offers_.find(key); known != offers_.end()) {
        IncomingOffer const& earlier = *known->second;
        if (earlier.offer == offer) return known->second;
        if (closes(offer, earlier.offer) && account == earlier.account) ahead = earlier.slot;
        offers_.erase(known);
    }
    if (!make_room(offer)) return nullptr;
    auto entry = std::make_shared<IncomingOffer>();
    entry->offer = offer;
    entry->number = ++last_number_;
    entry->account = account;
    entry->ahead = std::move(ahead);
    offers_.emplace(key, entry);
    return entry;
}

bool IncomingOffers::knows_name_of(Offer const& draft, std::string const& account) const {
    auto const known = find(draft.sender_node, draft.id);
    return known && closes(known->offer, draft) && known->account == account;
}

IncomingOffers::Load IncomingOffers::load() const {
    Load load{offers_.size()};
    for (auto const& [key, incoming] : offers_)
        load.bytes += carried_by(incoming->offer);
    return load;
}

IncomingOffers::Load IncomingOffers::load_of(NodeKey const& sender) const {
    Load load;
    for (auto i = offers_.lower_bound(Key{sender, OfferId{}});
         i != offers_.end() && i->first.first == sender; ++i) {
        ++load.offers;
        load.bytes += carried_by(i->second->offer);
    }
    return load;
}

bool IncomingOffers::make_room(Offer const& offer) {
    auto const fits = [more = carried_by(offer)](Load const& load, std::size_t offers,
                                                 std::size_t bytes) {
        return load.offers < offers && load.bytes + more <= bytes;
    };
    while (!fits(load_of(offer.sender_node), bounds_.per_node, bounds_.bytes_per_node))
        if (!forget_oldest(&offer.sender_node)) return false;
    while (!fits(load(), bounds_.total, bounds_.bytes))
        if (!forget_oldest(nullptr)) return false;
    return true;
}

/// What is forgotten costs its sender nothing: it makes the same offer again, and hears where it
/// stands. Those that are done go first.
bool IncomingOffers::forget_oldest(NodeKey const* sender) {
    auto const rank = [](auto const& entry) {
        return std::pair(!entry->second->receipt, entry->second->number);
    };
    auto oldest = offers_.end();
    for (auto i = offers_.begin(); i != offers_.end(); ++i) {
        IncomingOffer const& one = *i->second;
        if (one.slot || one.ahead || (sender != nullptr && i->first.first != *sender)) continue;
        if (oldest == offers_.end() || rank(i) < rank(oldest)) oldest = i;
    }
    if (oldest == offers_.end()) return false;
    offers_.erase(oldest);
    return true;
}

std::shared_ptr<IncomingOffer> IncomingOffers::find(NodeKey const& sender,
                                                    OfferId const& id) const {
    auto const found = offers_.find(Key{sender, id});
    return found == offers_.end() ? nullptr : found->second;
}

std::shared_ptr<IncomingOffer> IncomingOffers::find_upload(NodeKey const& sender,
                                                           ContentId const& id) const {
    std::shared_ptr<IncomingOffer> best;
    auto const worth = [](IncomingOffer const& offer) {
        return offer.slot ? 2 : offer.receipt ? 0 : 1;
    };
    for (auto i = offers_.lower_bound(Key{sender, OfferId{}});
         i != offers_.end() && i->first.first == sender; ++i) {
        if (i->second->offer.content_id != id) continue;
        if (!best || worth(*i->second) > worth(*best)) best = i->second;
    }
    return best;
}

std::vector<std::shared_ptr<IncomingOffer>> IncomingOffers::of_content(ContentId const& id) const {
    std::vector<std::shared_ptr<IncomingOffer>> found;
    for (auto const& [key, incoming] : offers_)
        if (incoming->offer.content_id == id) found.push_back(incoming);
    std::ranges::stable_sort(found, std::greater(),
                             [](auto const& one) { return one->offer.expires; });
    return found;
}

std::set<ContentId> IncomingOffers::arriving() const {
    std::set<ContentId> ids;
    for (auto const& [key, incoming] : offers_)
        if (incoming->slot) ids.insert(incoming->offer.content_id);
    return ids;
}

std::size_t IncomingOffers::uploads() const {
    return static_cast<std::size_t>(
        std::count_if(offers_.begin(), offers_.end(),
                      [](auto const& entry) { return entry.second->slot != nullptr; }));
}

std::size_t IncomingOffers::uploads_of(NodeKey const& sender) const {
    return static_cast<std::size_t>(
        std::count_if(offers_.begin(), offers_.end(), [&](auto const& entry) {
            return entry.first.first == sender && entry.second->slot != nullptr;
        }));
}

void IncomingOffers::sweep(std::uint64_t now_seconds, std::uint64_t fed_since) {
    std::erase_if(offers_, [&](auto& entry) {
        IncomingOffer& incoming = *entry.second;
        if (incoming.slot && incoming.slot->is_fed()) return false;
        if (incoming.slot && incoming.slot->fed_at() < fed_since) incoming.slot.reset();
        return incoming.offer.expires <= now_seconds;
    });
}

}  // namespace satchel::transfer
