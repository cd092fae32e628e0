#include "src/node/blob_carrier.h"

#include <algorithm>

#include "src/core/limits.h"
#include "src/core/locator.h"
#include "transfer/draft_offer.h"

namespace satchel::node {

namespace {

using namespace std::chrono_literals;

constexpr auto come_patience = 30s;
constexpr std::uint64_t slowest_bytes_per_second = 64 * 1024;

}  // namespace

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
    draft.expires = world_.clock.unix_seconds() + limits::offer_lifetime_seconds;
    if (auto const sender = Address::parse(order.sender)) {
        draft.sender_binding = world_.publisher.binding_of(*sender);
    }
    bool const as_user = draft.sender_binding.has_value();
    return sign_offer(std::move(draft),
                      as_user ? world_.identity.user_key : world_.identity.node_key);
}

asio::awaitable<std::optional<SentAhead>> BlobCarrier::send_ahead(
    std::shared_ptr<transfer::GrowingBlob> blob, CarryOrder order, std::vector<NodeReport> nodes) {
    auto const first = std::ranges::find_if(nodes, &NodeReport::available);
    if (first == nodes.end() || first->pull_only) co_return std::nullopt;
    bool const begun = co_await blob->wait_for(1);
    // What is encrypted already goes with its name.
    if (!begun || blob->written() == blob->bytes()) co_return std::nullopt;
    SentAhead const ahead{first->node_key, OfferId{world_.randomness.array<16>()}};
    order.ahead = ahead;
    auto const stand_in = transfer::stand_in_for(world_.identity.node_public(), ahead.offer);
    CarriedBlob const unnamed{stand_in, blob->bytes(), {}, nullptr};
    transfer::AheadOrder sending{.draft = make_offer(unnamed, order, first->node_key),
                                 .endpoints = first->endpoints,
                                 .blob = blob,
                                 .progress = order.progress};
    Status const sent = co_await transfer::send_ahead(world_.client, std::move(sending));
    if (!sent) world_.log.info("not_sent_ahead", {{"reason", sent.error().what}});
    co_return ahead;
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::push(CarriedBlob blob, Offer offer,
                                                               CarryOrder order, NodeReport node) {
    world_.outgoing.add({offer, blob.file, blob.bytes, blob.layer});
    transfer::DeliveryOrder delivery{.offer = offer,
                                     .endpoints = node.endpoints,
                                     .file = blob.file,
                                     .layer = blob.layer,
                                     .progress = order.progress};
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
    if (!other_gateway) co_return co_await call(blob, offer, order, node);
    Result<transfer::Delivered> delivered = fail(Fault::unavailable, "");
    if (!world_.hidden) delivered = co_await call(blob, offer, order, node);
    // It did not come: it may be unable to dial us, too.
    if (!delivered && delivered.error().fault == Fault::unavailable)
        delivered = co_await push(blob, offer, order, node);
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
                                                               CarryOrder order, NodeReport node) {
    location::WakeUp wake(world_.owner.get_executor());
    auto const visit = std::make_shared<PullVisit>();
    visit->changed = [&wake] { wake.notify(); };
    world_.outgoing.add({offer, blob.file, blob.bytes, blob.layer, visit});
    PullNotice const notice{.offer = offer.id,
                            .content_id = offer.content_id,
                            .size = offer.size,
                            .sender = offer.sender_node,
                            .control = offer.control,
                            .expires = offer.expires};
    co_await tell(notice, node, order.gateway);
    auto const begun = std::chrono::steady_clock::now();
    auto until = begun + come_patience;
    while (!visit->receipt && std::chrono::steady_clock::now() < until) {
        if (visit->has_come) {
            until =
                begun + come_patience + std::chrono::seconds(blob.bytes / slowest_bytes_per_second);
        }
        co_await wake.wait_until(until);
    }
    world_.board.withdraw(offer.id);
    world_.outgoing.remove(offer.id);
    if (visit->receipt) {
        if (order.progress) order.progress(blob.bytes);
        co_return transfer::Delivered{*visit->receipt, transfer::Route::pull};
    }
    if (visit->has_come)
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

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry(CarriedBlob blob, CarryOrder order,
                                                                std::vector<NodeReport> nodes) {
    OutgoingTransfer begun;
    begun.name = order.name;
    begun.recipient = order.recipient.text();
    begun.content_id = blob.content_id;
    begun.bytes = blob.bytes;
    begun.begun = world_.clock.unix_seconds();
    auto const number = transfers_.begin(std::move(begun));
    order.progress = [this, number, told = std::move(order.progress)](std::uint64_t done) {
        if (auto* const transfer = transfers_.find(number)) transfer->done = done;
        if (told) told(done);
    };
    auto const delivered = co_await carry_to_first(blob, order, std::move(nodes));
    if (auto* const transfer = transfers_.find(number)) {
        if (delivered) {
            transfer->done = transfer->bytes;
            transfer->route = to_string(delivered->route);
        } else {
            transfer->reason = delivered.error().what;
        }
    }
    transfers_.end(number,
                   delivered ? OutgoingTransfer::State::done : OutgoingTransfer::State::failed,
                   world_.clock.unix_seconds());
    co_return delivered;
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry_to_first(
    CarriedBlob blob, CarryOrder order, std::vector<NodeReport> nodes) {
    Error last{Fault::unavailable, "no node of the recipient is available"};
    for (NodeReport const& node : nodes) {
        if (!node.available) continue;
        Offer const offer = make_offer(blob, order, node.node_key);
        auto delivered = co_await bring(blob, offer, order, node);
        if (!delivered) {
            last = delivered.error();
            continue;
        }
        if (delivered->route == transfer::Route::pull) fetched_bytes_ += blob.bytes;
        if (!order.is_copy)
            co_await keep(delivered->receipt, offer, order, to_string(delivered->route));
        world_.log.info("delivered", {{"recipient", order.recipient.text()},
                                      {"content", blob.content_id.short_form()},
                                      {"bytes", std::to_string(blob.bytes)},
                                      {"route", to_string(delivered->route)},
                                      {"node", node.node_key.short_form()}});
        co_return *delivered;
    }
    co_return fail(std::move(last));
}

}  // namespace satchel::node
