#include "src/node/blob_carrier.h"

#include <algorithm>
#include <iterator>

#include "src/core/limits.h"
#include "src/core/locator.h"
#include "transfer/draft_offer.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

using std::chrono::steady_clock;

constexpr std::size_t pushes_per_node = 24;
static_assert(pushes_per_node < 32, "see ServerLimits::uploads_per_node");

constexpr auto come_patience = 30s;
/// Where there is another way: who can dial us has come by then.
constexpr auto come_patience_before_meeting = 5s;
constexpr auto silence_patience = 120s;  ///< of a receiver that has come
constexpr auto tell_again_after = 10s;   ///< of silence: it may have been started anew

}  // namespace

BlobCarrier::BlobCarrier(World world)
    : world_(world)
    , turns_(world_.owner, pushes_per_node) {}

Offer BlobCarrier::make_offer(CarriedBlob const& blob, CarryOrder const& order,
                              NodeKey const& node) const {
    Offer draft;
    bool const follows = order.ahead && order.ahead->node == node;
    draft.id = follows ? order.ahead->offer : OfferId{world_.randomness.array<16>()};
    draft.content_id = blob.content_id;
    draft.size = blob.bytes;
    draft.sender = order.sender;
    draft.recipient = address_tag(order.recipient);
    draft.grant = order.grant;
    draft.label = order.label;
    draft.recipient_node = node;
    draft.sender_node = world_.identity.node_public();
    // A node that publishes no endpoint names none to strangers, either.
    if (!world_.hidden || order.is_copy) draft.control = world_.endpoints;
    if (order.by_swarm) draft.swarm = world_.swarm->endpoints();
    draft.expires = world_.clock.unix_seconds() + limits::offer_lifetime_seconds;
    if (auto const sender = Address::parse(order.sender)) {
        draft.sender_binding = world_.publisher.binding_of(*sender);
    }
    return signed_here(std::move(draft));
}

Offer BlobCarrier::signed_here(Offer draft) const {
    bool const as_user = draft.sender_binding.has_value();
    return sign_offer(std::move(draft),
                      as_user ? world_.identity.user_key : world_.identity.node_key);
}

/// None: it lives yet, whatever the other clock says.
std::optional<Offer> BlobCarrier::renewed(Offer offer) const {
    auto const now = world_.clock.unix_seconds();
    if (offer.expires > now + limits::clock_skew_seconds) return std::nullopt;
    offer.expires = now + limits::offer_lifetime_seconds;
    return signed_here(std::move(offer));
}

transfer::RouteFacts BlobCarrier::facts_for(std::uint64_t blob_bytes, std::size_t receivers) const {
    return {.size = blob_bytes,
            .receivers = receivers,
            .swarm_possible = can_swarm(),
            .uplink = world_.swarm != nullptr ? world_.swarm->uplink() : 0};
}

asio::awaitable<std::optional<SentAhead>> BlobCarrier::send_ahead(
    std::shared_ptr<transfer::GrowingBlob> blob, OfferId draft, CarryOrder order,
    std::vector<NodeReport> nodes) {
    auto const first = std::ranges::find_if(nodes, &NodeReport::available);
    if (first == nodes.end() || first->pull_only) co_return std::nullopt;
    bool const begun = co_await blob->wait_for(1);
    if (!begun) co_return std::nullopt;
    SentAhead ahead{.node = first->node_key, .offer = draft};
    ahead.turn = co_await turns_.take(first->node_key);
    // What is encrypted already, and stands in a file, goes with its name.
    if (blob->made() == blob->bytes() && blob->file_with(0)) co_return ahead;
    order.ahead = ahead;
    auto const stand_in = transfer::stand_in_for(world_.identity.node_public(), ahead.offer);
    CarriedBlob const unnamed{stand_in, blob->bytes(), {}, nullptr};
    auto const number = show(unnamed, order);
    transfer::AheadOrder sending{.draft = make_offer(unnamed, order, first->node_key),
                                 .endpoints = first->endpoints,
                                 .blob = blob,
                                 .progress =
                                     [&ahead, told = order.progress](std::uint64_t done) {
                                         ahead.moved = ahead.moved || done > 0;
                                         if (told) told(done);
                                     },
                                 .was_named = order.was_named};
    Status const sent = co_await transfer::send_ahead(world_.client, std::move(sending));
    ahead.whole = sent.has_value();
    if (!sent) world_.log.info("not_sent_ahead", {{"reason", sent.error().what}});
    world_.transfers.forget(number);  // what goes on under its name is shown anew
    co_return ahead;
}

std::uint64_t BlobCarrier::sent_bytes() const {
    std::uint64_t const by_swarm =
        world_.swarm == nullptr ? 0 : world_.swarm->swarm().traffic().sent;
    return world_.client.sent_bytes() + world_.server.traffic().sent_bytes + by_swarm;
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::push(CarriedBlob blob, Offer offer,
                                                               CarryOrder order, NodeReport node) {
    if (blob.file) world_.outgoing.add({offer, blob.file, blob.bytes, blob.layer});
    transfer::DeliveryOrder delivery{.offer = offer,
                                     .endpoints = node.endpoints,
                                     .file = blob.file,
                                     .layer = blob.layer,
                                     .progress = order.progress};
    delivery.whole = blob.whole;
    delivery.renew = [this](Offer const& ended) { return renewed(ended); };
    delivery.begun =
        order.let_in || (order.ahead && order.ahead->node == node.node_key && order.ahead->moved);
    if (node.pull_only) {
        delivery.meet = [this, gateway = *order.gateway, key = node.node_key] {
            return call_to_meeting(gateway, key);
        };
    }
    auto delivered = co_await transfer::deliver(world_.client, world_.workers, std::move(delivery));
    world_.outgoing.remove(offer.id);
    if (delivered && node.pull_only) delivered->route = transfer::Route::relay;
    co_return delivered;
}

asio::awaitable<Result<transfer::MeetingPlace>> BlobCarrier::call_to_meeting(GatewayPlace gateway,
                                                                             NodeKey node) {
    auto peer = co_await world_.finder.reach(std::move(gateway));
    if (!peer) co_return fail(peer.error());
    peer->own = false;  // another domain's gateway, most likely
    co_return co_await world_.client.call_to_meeting(std::move(*peer), node);
}

/// To a node that can't be dialled: it comes here, or both go to its gateway.
asio::awaitable<Result<transfer::Delivered>> BlobCarrier::bring(CarriedBlob blob, Offer offer,
                                                                CarryOrder order, NodeReport node) {
    if (!node.pull_only) co_return co_await push(blob, offer, order, node);
    if (world_.hidden && !order.is_copy && !order.gateway) {
        co_return fail(Fault::unavailable,
                       "neither it nor this node can be dialled, and its domain has no gateway");
    }
    bool const other_gateway = order.gateway && order.gateway->key != world_.identity.node_public();
    if (!other_gateway) co_return co_await call(blob, offer, order, node, come_patience);
    Result<transfer::Delivered> delivered = fail(Fault::unavailable, "");
    if (!world_.hidden)
        delivered = co_await call(blob, offer, order, node, come_patience_before_meeting);
    auto const has_not_come = [&delivered] {
        return !delivered && delivered.error().fault == Fault::unavailable;
    };
    // It did not come: it may be unable to dial us, too.
    if (has_not_come()) delivered = co_await push(blob, offer, order, node);
    // It does not hold its line either: it may read its inbox in the DHT.
    if (has_not_come() && !world_.hidden)
        delivered = co_await call(blob, offer, order, node, come_patience);
    co_return delivered;
}

/// By its line where that ends here or at its gateway, else by a notice in the DHT.
asio::awaitable<void> BlobCarrier::tell(PullNotice notice, NodeReport node,
                                        std::optional<GatewayPlace> gateway) {
    if (world_.lines.order(node.node_key, notice)) co_return;
    if (gateway && gateway->key != world_.identity.node_public()) {
        auto peer = co_await world_.finder.reach(*gateway);
        if (peer) {
            peer->own = false;  // another domain's gateway, most likely
            Status const passed =
                co_await world_.client.pass_order(std::move(*peer), node.node_key, notice);
            if (passed) co_return;
        }
    }
    if (auto posted = world_.board.announce(node.node_key, notice); !posted)
        world_.log.warning("notice_not_left", {{"reason", posted.error().what}});
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::call(CarriedBlob blob, Offer offer,
                                                               CarryOrder order, NodeReport node,
                                                               std::chrono::seconds patience) {
    location::WakeUp wake(world_.owner.get_executor());
    auto const visit = std::make_shared<PullVisit>();
    visit->changed = [&wake] { wake.notify(); };
    visit->progress = order.progress;
    world_.outgoing.add({offer, blob.file, blob.bytes, blob.layer, visit});
    PullNotice const notice{.offer = offer.id,
                            .content_id = offer.content_id,
                            .size = offer.size,
                            .sender = offer.sender_node,
                            .control = offer.control,
                            .expires = offer.expires};
    auto const begun = steady_clock::now();
    auto told = begun;
    co_await tell(notice, node, order.gateway);
    while (!visit->receipt) {
        auto const until =
            visit->last_seen ? *visit->last_seen + silence_patience : begun + patience;
        if (steady_clock::now() >= until) break;
        auto const silent_since = std::max(told, visit->last_seen.value_or(begun));
        if (steady_clock::now() >= silent_since + tell_again_after) {
            told = steady_clock::now();
            co_await tell(notice, node, order.gateway);
            continue;
        }
        co_await wake.wait_until(std::min(until, silent_since + tell_again_after));
    }
    // What was handed out may outlive this call.
    visit->changed = nullptr;
    visit->progress = nullptr;
    world_.board.withdraw(offer.id);
    world_.outgoing.remove(offer.id);
    if (visit->receipt) {
        if (order.progress) order.progress(blob.bytes);
        co_return transfer::Delivered{*visit->receipt, transfer::Route::pull};
    }
    if (visit->last_seen)
        co_return fail(Fault::timed_out, "it came for the blob and did not finish");
    co_return fail(Fault::unavailable, "it was told to come, and did not");
}

asio::awaitable<void> BlobCarrier::keep(Receipt receipt, Offer offer, CarryOrder order,
                                        std::string route) {
    KeptReceipt kept{
        .proof = {std::move(receipt), std::move(offer), order.recipient, std::move(order.record)},
        .name = std::move(order.name),
        .message_id = std::move(order.message_id),
        .route = std::move(route)};
    auto work = [&book = world_.receipts, kept = std::move(kept)] { return book.keep(kept); };
    Status const done = co_await world_.workers.await(std::move(work));
    if (!done) world_.log.error("receipt_not_kept", {{"reason", done.error().what}});
}

std::uint64_t BlobCarrier::show(CarriedBlob const& blob, CarryOrder& order) {
    Transfer begun;
    begun.name = order.name;
    begun.peer = order.recipient.text();
    begun.content_id = blob.content_id;
    begun.bytes = blob.bytes;
    auto const number = world_.transfers.begin(std::move(begun));
    order.progress = [this, number, told = std::move(order.progress)](std::uint64_t done) {
        if (auto* const transfer = world_.transfers.find(number)) transfer->done = done;
        if (told) told(done);
    };
    return number;
}

void BlobCarrier::show_end(std::uint64_t number, Result<transfer::Delivered> const& delivered) {
    if (auto* const transfer = world_.transfers.find(number)) {
        if (delivered) {
            transfer->done = transfer->bytes;
            transfer->route = to_string(delivered->route);
        } else {
            transfer->reason = delivered.error().what;
        }
    }
    world_.transfers.end(number, delivered ? Transfer::State::done : Transfer::State::failed);
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry(CarriedBlob blob, CarryOrder order,
                                                                std::vector<NodeReport> nodes) {
    auto const number = show(blob, order);
    auto delivered = co_await carry_or_complete(blob, order, std::move(nodes));
    show_end(number, delivered);
    co_return delivered;
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry_or_complete(
    CarriedBlob blob, CarryOrder order, std::vector<NodeReport> nodes) {
    if (!blob.file && order.ahead && order.ahead->whole) {
        auto const has_it = [holder = order.ahead->node](NodeReport const& node) {
            return node.node_key == holder;
        };
        std::vector<NodeReport> holder;
        std::ranges::copy_if(nodes, std::back_inserter(holder), has_it);
        auto named = co_await carry_to_first(blob, order, std::move(holder));
        // Where it has lost some of it, the bytes must be at hand. Where it has gone, only others
        // are worth that.
        bool const lacks_some = !named && named.error().fault == Fault::not_found;
        if (!named && !lacks_some) std::erase_if(nodes, has_it);
        if (named || std::ranges::none_of(nodes, &NodeReport::available)) co_return named;
    }
    if (!blob.file && order.complete) {
        auto file = co_await order.complete();
        if (!file) co_return fail(file.error());
        blob.file = std::move(*file);
    }
    co_return co_await carry_to_first(std::move(blob), std::move(order), std::move(nodes));
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry_to_first(
    CarriedBlob blob, CarryOrder order, std::vector<NodeReport> nodes) {
    Error last{Fault::unavailable, "no node of the recipient is available"};
    for (NodeReport const& node : nodes) {
        if (!node.available) continue;
        // A receiver lets so many in from one node. What goes inline is through before it counts.
        Turns::Turn turn;
        if (order.ahead && order.ahead->node == node.node_key) turn = order.ahead->turn;
        // To wait for a turn here with another node's in hand could last for ever.
        if (order.ahead) order.ahead->turn = nullptr;
        if (!turn && blob.bytes > limits::inline_blob_bytes)
            turn = co_await turns_.take(node.node_key);
        Offer const offer = make_offer(blob, order, node.node_key);  // lives an hour from now
        auto delivered = co_await bring(blob, offer, order, node);
        if (!delivered) {
            last = delivered.error();
            continue;
        }
        co_await settle(blob, offer, order, *delivered);
        co_return *delivered;
    }
    co_return fail(std::move(last));
}

asio::awaitable<void> BlobCarrier::settle(CarriedBlob blob, Offer offer, CarryOrder order,
                                          transfer::Delivered delivered) {
    if (delivered.renewed) offer = std::move(*delivered.renewed);
    NodeKey const node = offer.recipient_node;
    std::string const route = to_string(delivered.route);
    std::string const recipient = order.recipient.text();
    if (!order.is_copy) co_await keep(delivered.receipt, std::move(offer), std::move(order), route);
    world_.log.info("delivered", {{"recipient", recipient},
                                  {"content", blob.content_id.short_form()},
                                  {"bytes", std::to_string(blob.bytes)},
                                  {"route", route},
                                  {"node", node.short_form()}});
}

asio::awaitable<void> BlobCarrier::carry_together(CarriedBlob blob,
                                                  std::deque<SharedCarry>& shares) {
    transfer::SwarmDeliveryOrder together{
        .receivers = {}, .file = blob.file, .size = blob.bytes, .layer = blob.layer};
    for (SharedCarry& share : shares) {
        share.order.by_swarm = true;
        share.number = show(blob, share.order);
        share.offer = make_offer(blob, share.order, share.node.node_key);
        world_.outgoing.add({*share.offer, blob.file, blob.bytes, blob.layer});
        auto settled = [this, blob, &share](Result<transfer::Delivered> result) {
            asio::co_spawn(world_.owner, settle_share(blob, share, std::move(result)),
                           asio::detached);
        };
        auto progress = [&share](std::uint64_t done) {
            share.order.let_in = true;  // it answers
            share.order.progress(done);
        };
        together.receivers.push_back({*share.offer, share.node.endpoints, share.node.swarm,
                                      std::move(progress), std::move(settled)});
    }
    co_await transfer::deliver_by_swarm(world_.client, world_.swarm->swarm(), world_.workers,
                                        std::move(together));
    for (SharedCarry& share : shares)
        co_await share.settled.wait();
}

asio::awaitable<void> BlobCarrier::settle_share(CarriedBlob blob, SharedCarry& share,
                                                Result<transfer::Delivered> result) {
    world_.outgoing.remove(share.offer->id);
    if (result) {
        show_end(share.number, result);
        co_await settle(blob, *share.offer, share.order, *result);
        share.delivered = std::move(*result);
    } else {
        world_.log.info("not_by_swarm", {{"recipient", share.order.recipient.text()},
                                         {"content", blob.content_id.short_form()},
                                         {"reason", result.error().what}});
    }
    share.settled.set();
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry_on(CarriedBlob blob,
                                                                   SharedCarry const& share) {
    auto delivered = co_await bring(blob, *share.offer, share.order, share.node);
    if (delivered) co_await settle(blob, *share.offer, share.order, *delivered);
    show_end(share.number, delivered);
    co_return delivered;
}

}  // namespace satchel::node
