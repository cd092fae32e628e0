#include "src/node/storage_host.h"

#include <set>

#include "src/node/blob_carrier.h"
#include "src/node/copy_keeper.h"
#include "src/node/enrolment_office.h"
#include "src/node/escrow.h"
#include "src/node/open_lines.h"
#include "src/node/reach_probe.h"
#include "src/node/record_guardian.h"
#include "src/node/transfer_board.h"
#include "transfer/control_limits.h"

namespace satchel::node {

StorageHost::StorageHost(asio::io_context& owner, Config const& config, ServedUsers const& users,
                         TrustSource const& trust, OutgoingOffers const& outgoing,
                         EventLog const& log)
    : owner_(owner)
    , users_(users)
    , trust_(trust)
    , outgoing_(outgoing)
    , log_(log)
    , incoming_gateway_(config.node.incoming_gateway_key)
    , policy_{.max_bytes = config.node.accept_max,
              .from = config.node.accept_from,
              .min_bytes = 0,
              .min_copies = config.node.min_copies} {}

std::optional<Address> StorageHost::served(AddressTag const& tag) const {
    return users_.served(tag);
}

asio::awaitable<transfer::DomainTrust> StorageHost::domain_trust(std::string domain) const {
    auto const view = trust_.view({});
    if (!view) co_return transfer::DomainTrust();
    auto facts = co_await view->domain_facts(std::move(domain));
    co_return transfer::DomainTrust{std::move(facts.keys), std::move(facts.gateway_keys)};
}

std::optional<UserKey> StorageHost::contact_key(Address const& address) const {
    auto const view = trust_.view({});
    return view ? view->pinned_key(address) : std::nullopt;
}

bool StorageHost::owns(transfer::Caller const& caller, AddressTag const& recipient) const {
    return users_.owns(caller, recipient);
}

namespace {

void note_visit(std::shared_ptr<PullVisit> const& visit) {
    if (!visit) return;
    bool const first = !visit->last_seen;
    visit->last_seen = std::chrono::steady_clock::now();
    if (first && visit->changed) visit->changed();
}

}  // namespace

std::optional<Offer> StorageHost::outstanding(OfferId const& id) const {
    auto const it = outgoing_.all().find(id);
    if (it == outgoing_.all().end()) return std::nullopt;
    note_visit(it->second.visit);
    return it->second.offer;
}

std::vector<Offer> StorageHost::outstanding_for(NodeKey const& recipient) const {
    std::vector<Offer> offers;
    for (auto const& [id, entry] : outgoing_.all()) {
        if (entry.offer.recipient_node == recipient) offers.push_back(entry.offer);
    }
    return offers;
}

Result<transfer::OutgoingContent> StorageHost::open_outgoing(ContentId const& id,
                                                             NodeKey const& to) const {
    for (auto const& [offer_id, entry] : outgoing_.all()) {
        if (entry.offer.content_id != id || entry.offer.recipient_node != to) continue;
        note_visit(entry.visit);
        auto file = entry.file->duplicate();
        if (!file) return fail(file.error());
        transfer::OutgoingContent content{
            .file = std::move(*file), .size = entry.size, .layer = entry.layer};
        if (entry.visit) {
            content.sent = [visit = entry.visit](std::uint64_t up_to) {
                note_visit(visit);
                if (visit->progress) visit->progress(up_to);
            };
        }
        return content;
    }
    return fail(Fault::not_found, "not on its way from here");
}

asio::awaitable<std::vector<Offer>> StorageHost::kept_for(transfer::Caller caller,
                                                          std::optional<ContentId> id) const {
    std::vector<Offer> offers;
    if (copies_ != nullptr) copies_->note_presence(caller);
    if (id) {
        if (auto held = co_await held_for(caller, *id)) offers.push_back(std::move(*held));
    }
    if (escrow_ == nullptr || !offers.empty()) co_return offers;
    co_return co_await escrow_->waiting_for(std::move(caller), id);
}

/// A blob that is held here for the caller's user: an offer to copy it, with what opens it.
asio::awaitable<std::optional<Offer>> StorageHost::held_for(transfer::Caller caller,
                                                            ContentId id) const {
    if (holdings_.store == nullptr) co_return std::nullopt;
    auto look = [this, id] { return holdings_.store->find(id); };
    auto const held = co_await holdings_.workers->await(std::move(look));
    if (!held || !*held) co_return std::nullopt;
    for (transfer::Holding const& holding : (*held)->holdings) {
        auto const address = users_.served(holding.recipient);
        if (!address || !users_.owns(caller, holding.recipient)) continue;
        CarriedBlob const blob{id, (*held)->size, {}, nullptr};
        // What is counted for several senders together has no address.
        auto const sender = Address::parse(holding.sender);
        CarryOrder const order{*address, sender ? sender->text() : "", holding.grant, holding.label,
                               nullptr};
        co_return holdings_.carrier->make_offer(blob, order, caller.node);
    }
    co_return std::nullopt;
}

asio::awaitable<Result<transfer::HoldingsPart>> StorageHost::held_after(
    transfer::Caller caller, std::optional<ContentId> after) const {
    std::set<AddressTag> of_caller;
    for (Address const& address : users_.addresses()) {
        auto const tag = address_tag(address);
        if (users_.owns(caller, tag)) of_caller.insert(tag);
    }
    if (of_caller.empty() || holdings_.store == nullptr)
        co_return fail(Fault::not_found, "nothing here");
    auto list = [this, of_caller, after]() -> Result<transfer::HoldingsPart> {
        auto const held =
            holdings_.store->list_after(after, transfer::control_limits::holdings_at_once);
        if (!held) return fail(held.error());
        transfer::HoldingsPart part;
        for (transfer::HeldBlob const& blob : *held) {
            auto const holding = std::ranges::find_if(
                blob.holdings,
                [&](transfer::Holding const& one) { return of_caller.contains(one.recipient); });
            if (holding == blob.holdings.end() || blob.set_aside) continue;
            auto const account = Address::parse(holding->sender);
            part.holdings.push_back({blob.id, blob.size, holding->stored,
                                     account ? account->text() : "", holding->label});
        }
        if (held->size() == transfer::control_limits::holdings_at_once) part.next = held->back().id;
        return part;
    };
    co_return co_await holdings_.workers->await(std::move(list));
}

asio::awaitable<Result<transfer::OutgoingContent>> StorageHost::open_kept(transfer::Caller caller,
                                                                          ContentId id) const {
    if (escrow_ == nullptr) co_return fail(Fault::not_found, "nothing here");
    co_return co_await escrow_->open_for(std::move(caller), id);
}

asio::awaitable<std::vector<PublicKey>> StorageHost::own_gateways() const {
    std::vector<PublicKey> keys;
    if (incoming_gateway_) keys.push_back(*incoming_gateway_);
    std::set<std::string> domains;
    for (Address const& address : users_.addresses())
        domains.insert(address.domain());
    for (std::string const& name : domains) {
        auto const domain = co_await domain_trust(name);
        keys.insert(keys.end(), domain.gateway_keys.begin(), domain.gateway_keys.end());
    }
    co_return keys;
}

asio::awaitable<Result<transfer::EnrollAnswer>> StorageHost::enroll(
    transfer::Caller caller, transfer::EnrollRequest request) {
    if (office_ == nullptr) co_return fail(Fault::not_found, "this node speaks for no domain");
    co_return co_await office_->enroll(std::move(caller), std::move(request));
}

asio::awaitable<Status> StorageHost::receipt_arrived(transfer::Caller caller, OfferId id,
                                                     Receipt receipt) {
    auto const found = outgoing_.all().find(id);
    bool const expected = found != outgoing_.all().end() && found->second.visit &&
                          found->second.offer.recipient_node == caller.node;
    if (!expected) co_return fail(Fault::not_found, "no such offer");
    bool const good = receipt.node == caller.node && receipt_holds(receipt, found->second.offer);
    if (!good) co_return fail(Fault::corrupt, "the receipt is not for this offer");
    found->second.visit->receipt = std::move(receipt);
    found->second.visit->changed();
    co_return Status();
}

asio::awaitable<transfer::LineAnswer> StorageHost::hold_line(transfer::Caller caller,
                                                             std::chrono::milliseconds patience) {
    if (lines_ == nullptr) co_return transfer::LineAnswer();
    // Whoever holds a line is there: what is kept for its user is brought on its way.
    if (escrow_ != nullptr) escrow_->note_presence(caller);
    co_return co_await lines_->hold(caller.node, patience);
}

asio::awaitable<Status> StorageHost::ping_line(NodeKey node) {
    if (lines_ == nullptr) co_return fail(Fault::not_found, "no lines end here");
    co_return co_await lines_->ping(node);
}

asio::awaitable<Result<transfer::ReachAnswer>> StorageHost::try_reach(
    transfer::Caller caller, transfer::ReachRequest request) {
    if (probe_ == nullptr) co_return fail(Fault::unavailable, "not now");
    co_return co_await probe_->try_reach(std::move(caller), std::move(request));
}

Status StorageHost::pass_order(NodeKey const& node, PullNotice const& notice) {
    if (lines_ == nullptr) return fail(Fault::not_found, "no lines end here");
    return lines_->order(node, notice);
}

Status StorageHost::call_to_meeting(NodeKey const& node, transfer::RelayToken const& token) {
    if (lines_ == nullptr) return fail(Fault::not_found, "no lines end here");
    // Anybody may hold a line, but whole attachments pass here only for our own users.
    if (guardian_ == nullptr || !guardian_->keeps_presence_of(node))
        return fail(Fault::not_found, "not a node of a user whose records are kept here");
    return lines_->call_to_meeting(node, token);
}

asio::awaitable<Status> StorageHost::keep_records(transfer::Caller caller,
                                                  transfer::RecordsToKeep records) {
    if (guardian_ == nullptr) co_return fail(Fault::not_found, "this node keeps no records");
    co_return co_await guardian_->take(std::move(caller), std::move(records));
}

void StorageHost::swarm_peer_dropped(ContentId const& id, std::string const& ip,
                                     std::string const& why) {
    log_.warning("swarm_peer_dropped",
                 {{"content", id.short_form()}, {"peer", ip}, {"reason", why}});
}

void StorageHost::swarm_ended(ContentId const& id, Error const& why) {
    log_.info("swarm_ended", {{"content", id.short_form()}, {"reason", why.what}});
}

void StorageHost::blob_arrived(Offer const& offer, transfer::Route route) {
    received_bytes_ += offer.size;
    ++received_blobs_;
    // Its name is in the label, which takes half a millisecond to open: the receipt goes first.
    asio::post(owner_, [this, offer, route] {
        if (board_ != nullptr) board_->arrived(offer, transfer::to_string(route));
    });
    if (copies_ != nullptr) copies_->blob_arrived(offer);
    log_.info("stored", {{"content", offer.content_id.short_form()},
                         {"bytes", std::to_string(offer.size)},
                         {"from", offer.sender},
                         {"node", offer.sender_node.short_form()}});
}

void StorageHost::offer_refused(Offer const& offer, transfer::Refusal const& refusal) {
    ++refusals_[refusal.code];
    // What is for nobody here is nobody's business here.
    if (board_ != nullptr && served(offer.recipient)) board_->refused(offer, refusal.reason);
    log_.info("offer_refused", {{"code", refusal.code},
                                {"content", offer.content_id.short_form()},
                                {"bytes", std::to_string(offer.size)},
                                {"from", offer.sender},
                                {"node", offer.sender_node.short_form()}});
}

void StorageHost::blob_broken_off(Offer const& offer, std::uint64_t have, Error const& why) {
    if (board_ != nullptr) board_->broken_off(offer, have, why.what);
    log_.info("broken_off", {{"content", offer.content_id.short_form()},
                             {"bytes", std::to_string(have)},
                             {"from", offer.sender},
                             {"reason", why.what}});
}

void StorageHost::store_troubled(Error const& why) {
    log_.error("store_unsettled", {{"reason", why.what}});
}

}  // namespace satchel::node
