#include "src/node/storage_host.h"

#include "src/node/escrow.h"

namespace satchel::node {

StorageHost::StorageHost(Config const& config, Identity const& identity, TrustSource const& trust,
                         OutgoingOffers const& outgoing, EventLog const& log)
    : identity_(identity)
    , trust_(trust)
    , outgoing_(outgoing)
    , log_(log)
    , incoming_gateway_(config.node.incoming_gateway_key)
    , policy_{.max_bytes = config.node.accept_max,
              .from = config.node.accept_from,
              .min_bytes = 0,
              .min_copies = 1} {
    for (Address const& address : identity.addresses)
        served_.emplace(address_tag(address), address);
}

std::optional<Address> StorageHost::served(AddressTag const& tag) const {
    auto const it = served_.find(tag);
    if (it == served_.end()) return std::nullopt;
    return it->second;
}

transfer::DomainTrust StorageHost::domain_trust(std::string const& domain) const {
    auto const view = trust_.view({});
    return view ? view->domain_trust(domain) : transfer::DomainTrust{};
}

std::optional<UserKey> StorageHost::contact_key(Address const& address) const {
    auto const view = trust_.view({});
    return view ? view->pinned_key(address) : std::nullopt;
}

bool StorageHost::owns(transfer::Caller const& caller, AddressTag const& recipient) const {
    if (!served_.contains(recipient)) return false;
    return caller.node == identity_.node_public() ||
           (caller.device && *caller.device == identity_.user_public());
}

std::optional<Offer> StorageHost::outstanding(OfferId const& id) const {
    auto const it = outgoing_.all().find(id);
    if (it == outgoing_.all().end()) return std::nullopt;
    return it->second.offer;
}

std::vector<Offer> StorageHost::outstanding_for(NodeKey const& recipient) const {
    std::vector<Offer> offers;
    for (auto const& [id, entry] : outgoing_.all()) {
        if (entry.offer.recipient_node == recipient) offers.push_back(entry.offer);
    }
    return offers;
}

Result<transfer::OutgoingContent> StorageHost::open_outgoing(ContentId const& id) const {
    for (auto const& [offer_id, entry] : outgoing_.all()) {
        if (entry.offer.content_id != id) continue;
        auto file = entry.file->duplicate();
        if (!file) return fail(file.error());
        return transfer::OutgoingContent{
            .file = std::move(*file), .size = entry.size, .layer = entry.layer};
    }
    return fail(Fault::not_found, "not on its way from here");
}

asio::awaitable<std::vector<Offer>> StorageHost::kept_for(transfer::Caller caller,
                                                          std::optional<ContentId> id) const {
    if (escrow_ == nullptr) co_return std::vector<Offer>();
    co_return co_await escrow_->waiting_for(std::move(caller), id);
}

asio::awaitable<Result<transfer::OutgoingContent>> StorageHost::open_kept(transfer::Caller caller,
                                                                          ContentId id) const {
    if (escrow_ == nullptr) co_return fail(Fault::not_found, "nothing here");
    co_return co_await escrow_->open_for(std::move(caller), id);
}

std::vector<PublicKey> StorageHost::own_gateways() const {
    std::vector<PublicKey> keys;
    if (incoming_gateway_) keys.push_back(*incoming_gateway_);
    for (auto const& [tag, address] : served_) {
        auto const domain = domain_trust(address.domain());
        keys.insert(keys.end(), domain.gateway_keys.begin(), domain.gateway_keys.end());
    }
    return keys;
}

void StorageHost::blob_arrived(Offer const& offer) {
    received_bytes_ += offer.size;
    log_.info("stored", {{"content", offer.content_id.short_form()},
                         {"bytes", std::to_string(offer.size)},
                         {"from", offer.sender},
                         {"node", offer.sender_node.short_form()}});
}

}  // namespace satchel::node
