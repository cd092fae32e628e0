#include "transfer/control_session.h"

#include <algorithm>

#include "transfer/upload_slot.h"

namespace satchel::transfer {

Answer answer_of(Refusal const& refusal) {
    return {refusal.status, encode_refusal(refusal), false};
}

Answer answer_of(OfferProgress const& progress) {
    return {202, encode_progress(progress), false};
}

Answer answer_of(unsigned status, Receipt const& receipt) {
    return {status, encode_receipt(receipt), false};
}

Answer nothing_here() {
    return answer_of(Refusal{404, "not-found", "nothing here"});
}

Answer ControlSession::ping() const {
    PingAnswer const answer{self_, host_.available(), host_.accept_policy(), clock_.unix_seconds()};
    return {200, encode_ping(answer), false};
}

Answer ControlSession::offer(Caller const& caller, OfferId const& id) const {
    auto const offer = host_.outstanding(id);
    if (!offer || offer->recipient_node != caller.node) return nothing_here();
    return {200, encode_offer(*offer), false};
}

Answer ControlSession::receipt(Caller const& caller, OfferId const& id) const {
    auto const incoming = offers_.find(caller.node, id);
    if (!incoming) return nothing_here();
    if (incoming->receipt) return answer_of(200, *incoming->receipt);
    auto const action = incoming->waits ? OfferAction::wait : OfferAction::put;
    return answer_of(incoming->slot ? incoming->slot->progress(action) : OfferProgress{action});
}

asio::awaitable<Answer> ControlSession::waiting(Caller caller, std::optional<ContentId> id) const {
    auto offers = host_.outstanding_for(caller.node);
    if (id) std::erase_if(offers, [&](Offer const& offer) { return offer.content_id != *id; });
    auto const kept = co_await host_.kept_for(caller, id);
    offers.insert(offers.end(), kept.begin(), kept.end());
    co_return Answer{200, encode_waiting(offers), false};
}

asio::awaitable<Answer> ControlSession::holdings(Caller caller,
                                                 std::optional<ContentId> after) const {
    auto const part = co_await host_.held_after(std::move(caller), after);
    if (!part) co_return answer_of(refusal_for(part.error()));
    co_return Answer{200, encode_holdings(*part), false};
}

bool ControlSession::may_read(Caller const& caller, HeldBlob const& held) const {
    return std::any_of(held.holdings.begin(), held.holdings.end(), [&](Holding const& holding) {
        return host_.owns(caller, holding.recipient);
    });
}

bool ControlSession::is_offered_to(Caller const& caller, ContentId const& id) const {
    auto const offers = host_.outstanding_for(caller.node);
    return std::any_of(offers.begin(), offers.end(),
                       [&](Offer const& offer) { return offer.content_id == id; });
}

asio::awaitable<Admission> ControlSession::judge(Caller caller, Offer offer) const {
    AdmissionFacts facts;
    facts.self = self_;
    facts.caller = caller.node;
    facts.now_seconds = clock_.unix_seconds();
    facts.available = host_.available();
    facts.accept = host_.accept_policy();
    facts.recipient = host_.served(offer.recipient);
    facts.by_own_node = host_.owns(caller, offer.recipient);
    auto const sender = Address::parse(offer.sender);
    if (sender) facts.contact_key = host_.contact_key(*sender);
    auto admission = admit(offer, facts);
    bool const pinned = facts.contact_key && offer.signer == *facts.contact_key;
    bool const hangs_on_domains = !admission.refusal || admission.refusal->status == 401;
    if (!sender || pinned || !hangs_on_domains) co_return admission;
    facts.sender_domain = co_await host_.domain_trust(sender->domain());
    facts.own_gateways = co_await host_.own_gateways();
    co_return admit(offer, facts);
}

}  // namespace satchel::transfer
