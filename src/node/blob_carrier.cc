#include "src/node/blob_carrier.h"

#include "src/core/limits.h"
#include "src/core/locator.h"

namespace satchel::node {

Offer BlobCarrier::make_offer(CarriedBlob const& blob, CarryOrder const& order,
                              NodeKey const& node) const {
    Offer draft;
    draft.id.bytes = world_.randomness.array<16>();
    draft.content_id = blob.content_id;
    draft.size = blob.bytes;
    draft.sender = order.sender;
    draft.recipient = address_tag(order.recipient);
    draft.grant = order.grant;
    draft.label = order.label;
    draft.recipient_node = node;
    draft.sender_node = world_.identity.node_public();
    draft.expires = world_.clock.unix_seconds() + limits::offer_lifetime_seconds;
    if (auto const sender = Address::parse(order.sender)) {
        draft.sender_binding = world_.publisher.binding_of(*sender);
    }
    bool const as_user = draft.sender_binding.has_value();
    return sign_offer(std::move(draft),
                      as_user ? world_.identity.user_key : world_.identity.node_key);
}

asio::awaitable<Result<transfer::Delivered>> BlobCarrier::carry(CarriedBlob blob, CarryOrder order,
                                                                std::vector<NodeReport> nodes) {
    Error last{Fault::unavailable, "no node of the recipient is available"};
    for (NodeReport const& node : nodes) {
        if (!node.available) continue;
        Offer const offer = make_offer(blob, order, node.node_key);
        world_.outgoing.add({offer, blob.file, blob.bytes, blob.layer});
        transfer::DeliveryOrder delivery{.offer = offer,
                                         .endpoints = node.endpoints,
                                         .file = blob.file,
                                         .layer = blob.layer,
                                         .progress = order.progress};
        auto const delivered =
            co_await transfer::deliver(world_.client, world_.workers, std::move(delivery));
        world_.outgoing.remove(offer.id);
        if (!delivered) {
            last = delivered.error();
            continue;
        }
        sent_bytes_ += blob.bytes;
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
