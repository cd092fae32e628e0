// A receiver that says one thing and does another, or goes on for longer than anybody foresaw.
#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/scripted_node.h"
#include "transfer/delivery.h"
#include "transfer/draft_offer.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

Result<Delivered> deliver_to(ControlLab& lab, DeliveryOrder order) {
    return lab.await(deliver(lab.alice.client, lab.pool, std::move(order)));
}

}  // namespace

TEST_CASE("delivery_to_liars: a node that never has enough is not fed for ever") {
    SampleBlob const blob = sample_blob(1'000'000);

    struct Row {
        char const* why;
        std::function<OfferProgress(std::uint64_t asked)> says;
        Fault fault = Fault::timed_out;
    };

    auto const always = [](OfferAction action, std::uint64_t have) {
        return [=](std::uint64_t) { return OfferProgress{action, have}; };
    };
    auto const rising = [](std::uint64_t asked) { return OfferProgress{OfferAction::put, asked}; };
    for (Row const& row :
         {Row{"it has nothing", always(OfferAction::put, 0)},
          Row{"it wants a swarm", always(OfferAction::swarm, 0)},
          Row{"always a little more", rising},
          Row{"more than there is", always(OfferAction::put, 1'000'001), Fault::corrupt}}) {
        CAPTURE(row.why);
        ControlLab lab;
        std::uint64_t count = 0;
        ScriptedNode const liar(lab.io, lab.parties.recipient_node, [&](auto const&, auto) {
            return ScriptedAnswer{202, encode_progress(row.says(++count))};
        });
        DeliveryOrder order = lab.order_of(blob);
        order.endpoints = {liar.endpoint()};
        auto const delivered = deliver_to(lab, std::move(order));
        REQUIRE_FALSE(delivered);
        CHECK(delivered.error().fault == row.fault);
        CHECK(liar.received() < 5 * blob.size());
    }
}

TEST_CASE("delivery_to_liars: a node that takes all and falls silent is given up") {
    ClientLimits limits;
    CHECK(limits.finish_for(1'000'000) == std::chrono::minutes(5));
    CHECK(limits.finish_for(std::uint64_t{10} << 30U) > std::chrono::minutes(30));
    limits.finish = std::chrono::milliseconds(50);
    ControlLab lab({}, limits);
    SampleBlob const blob = sample_blob(1'000'000);
    ScriptedNode const silent(lab.io, lab.parties.recipient_node, [&](auto const& head, auto) {
        bool const blob_came = head.target == blob_path(blob.id());
        return ScriptedAnswer{blob_came ? 0U : 202U, encode_progress({OfferAction::put, 0})};
    });
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {silent.endpoint()};
    order.patience = std::chrono::milliseconds(200);
    auto const delivered = deliver_to(lab, std::move(order));
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().fault == Fault::timed_out);
    CHECK(silent.received() < 5 * blob.size());
}

TEST_CASE("delivery_to_liars: what went ahead is there where the node says so, and no sooner") {
    SampleBlob const blob = sample_blob(1'000'000);

    struct Row {
        char const* why;
        ScriptedAnswer says;
        std::optional<Fault> fault = Fault::corrupt;
    };

    auto const has = [](std::uint64_t bytes) {
        return ScriptedAnswer{202, encode_progress({OfferAction::put, bytes})};
    };
    ControlLab lab;
    Receipt receipt;
    receipt.content_id = blob.id();
    receipt.size = blob.size();
    auto const signed_receipt = sign_receipt(std::move(receipt), lab.parties.recipient_node);
    for (Row const& row :
         {Row{"all", has(1'000'000), std::nullopt}, Row{"nothing", has(0)},
          Row{"all but a byte", has(999'999)}, Row{"more than there is", has(1'000'001)},
          Row{"a receipt for what has no name", {200, encode_receipt(signed_receipt)}},
          Row{"no room", {507, encode_refusal({507, "no-space", "full"})}, Fault::no_space}}) {
        CAPTURE(std::string(row.why));
        DeliveryOrder order = lab.order_of(blob);
        Offer draft = order.offer;
        draft.content_id = stand_in_for(draft.sender_node, draft.id);
        ScriptedNode const node(lab.io, lab.parties.recipient_node, [&](auto const& head, auto) {
            return head.target == blob_path(draft.content_id) ? row.says : has(0);
        });
        auto const growing = std::make_shared<GrowingBlob>(lab.io.get_executor(), blob.size());
        growing->stands_in(order.file, blob.size());
        AheadOrder const ahead{
            lab.parties.signed_by_user(draft), {node.endpoint()}, growing, nullptr};
        auto const sent = lab.await(send_ahead(lab.alice.client, ahead));
        CHECK(sent.has_value() == !row.fault);
        if (!sent && row.fault) CHECK(sent.error().fault == *row.fault);
    }
}

TEST_CASE("delivery_to_liars: a transfer may take longer than its offer lives") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(1'000'000);
    std::vector<Offer> offers;
    auto const says = [&](RequestHead const& head, ByteSpan body) {
        if (head.method == Method::put && head.target == blob_path(blob.id()))
            return ScriptedAnswer{503};  // it goes down in the middle
        if (head.method == Method::put)
            return ScriptedAnswer{202, encode_progress({OfferAction::put, 0})};
        offers.push_back(decode_offer_request(body)->offer);
        if (offers.size() == 1) return ScriptedAnswer{202, encode_progress({OfferAction::put, 0})};
        if (offers.back().expires == offers.front().expires)
            return ScriptedAnswer{403, encode_refusal({403, "expired", "the offer has expired"})};
        Receipt receipt;
        receipt.offer = digest_of(offers.back());
        receipt.content_id = blob.id();
        receipt.size = blob.size();
        receipt.node = lab.peer.key;
        return ScriptedAnswer{
            200, encode_receipt(sign_receipt(std::move(receipt), lab.parties.recipient_node))};
    };
    ScriptedNode const node(lab.io, lab.parties.recipient_node, says);
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {node.endpoint()};
    bool ended = true;
    order.renew = [&](Offer later) -> std::optional<Offer> {
        if (!ended) return std::nullopt;
        later.expires += 1'000;
        return lab.parties.signed_by_user(std::move(later));
    };
    SUBCASE("and is signed to live on") {
        auto const delivered = deliver_to(lab, std::move(order));
        REQUIRE(delivered);
        REQUIRE(offers.size() == 3);
        CHECK(offers[2].id == offers[0].id);
        CHECK(delivered->renewed == offers[2]);
    }
    SUBCASE("but is not renewed where it is refused for another reason") {
        ended = false;
        auto const delivered = deliver_to(lab, std::move(order));
        REQUIRE_FALSE(delivered);
        CHECK(delivered.error().fault == Fault::refused);
        CHECK(offers.size() == 2);
    }
}
