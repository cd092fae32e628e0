// A sender that says one thing and does another: nothing of it is held, and it is in nobody's way.
#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/raw_caller.h"
#include "transfer/control_request.h"
#include "transfer/swarm_invitation.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

std::string padded(SampleBlob const& blob, std::uint64_t size) {
    std::string all = text(blob.bytes);
    all.resize(size, 'x');
    return all;
}

}  // namespace

TEST_CASE("hostile_sender: one that lies about the size") {
    ServerLimits limits;
    limits.takeover_idle = std::chrono::seconds(0);
    ControlLab lab(limits);
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(600'000);
    std::string const layer = text(blob.tree.layer);
    for (std::uint64_t const size : {blob.size() - 1, blob.size() + 1, blob.size() + 200'000}) {
        CAPTURE(size);
        Offer const lie = lab.parties.signed_by_user(lab.parties.draft(blob.id(), size));
        REQUIRE(post_offer(caller, lie).status == 202);
        // The layer may fit, as the pieces are as many; the last one does not.
        auto const known = caller.ask("PUT", layer_path(blob.id()), length(layer.size()), layer);
        CHECK((known.status == 202 || known.status == 422));
        RawCaller feeder(lab, lab.parties.sender_node);
        CHECK(feeder.ask("PUT", blob_path(blob.id()), length(size), padded(blob, size)).status ==
              422);
        CHECK(caller.ask("GET", receipt_path(lie.id)).status == 202);
        CHECK_FALSE(lab.holds(blob));
    }
    SUBCASE("within the offer") {
        Offer const offer = lab.offer_of(sample_blob(1'000));
        CHECK(post_offer(caller, offer, blob.view().first(1'001)).status == 422);
    }
    SUBCASE("more than it said, on the connection") {
        SampleBlob const small = sample_blob(300'000, 3);
        REQUIRE(post_offer(caller, lab.offer_of(small)).status == 202);
        auto const refused = caller.ask("PUT", blob_path(small.id()), length(small.size() + 1),
                                        padded(small, small.size() + 1));
        CHECK(refused.status >= 400);
        CHECK_FALSE(lab.holds(small));
    }
    SUBCASE("then somebody tells the truth") {
        auto const delivered = lab.await(deliver(lab.alice.client, lab.pool, lab.order_of(blob)));
        REQUIRE(delivered);
        check_whole(*lab.store, blob);
    }
    CHECK(lab.host.arrived.size() <= 1);
}

TEST_CASE("hostile_sender: a layer longer than the blob's is refused unread") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(600'000);
    std::size_t const most = blob.tree.layer.size();

    struct Row {
        std::string path;
        std::size_t bytes;
    };

    for (Row const& row :
         {Row{layer_path(blob.id()), most + 1},
          Row{swarm_path(blob.id()), most + swarm_invitation_bytes_beside_layer + 1}}) {
        CAPTURE(row.path);
        RawCaller caller(lab, lab.parties.sender_node);
        REQUIRE(post_offer(caller, lab.offer_of(blob)).status == 202);
        CHECK(caller.ask("PUT", row.path, length(row.bytes)).status == 422);
        CHECK(caller.hear().status == 0);
    }
    CHECK(lab.await(deliver(lab.alice.client, lab.pool, lab.order_of(blob))));
}

TEST_CASE("hostile_sender: a body that is not where its head says") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(600'000);
    std::string const layer = text(blob.tree.layer);
    RawCaller caller(lab, lab.parties.sender_node);
    REQUIRE(post_offer(caller, lab.offer_of(blob)).status == 202);
    REQUIRE(caller.ask("PUT", layer_path(blob.id()), length(layer.size()), layer).status == 202);
    std::string const masked = length(blob.size()) + "Satchel-Body: masked\r\n";
    SUBCASE("in the record of the head") {
        RawCaller feeder(lab, lab.parties.sender_node);
        auto const heard = feeder.ask("PUT", blob_path(blob.id()), masked, text(blob.bytes));
        CHECK(heard.status == 422);
    }
    SUBCASE("in records behind it") {
        RawCaller feeder(lab, lab.parties.sender_node);
        feeder.say("PUT " + blob_path(blob.id()) + " HTTP/1.1\r\nHost: x\r\n" + masked + "\r\n");
        feeder.say(text(blob.bytes));
        CHECK(feeder.hear().status == 422);
    }
    CHECK_FALSE(lab.holds(blob));
    REQUIRE(lab.await(deliver(lab.alice.client, lab.pool, lab.order_of(blob))));
    check_whole(*lab.store, blob);
}

TEST_CASE("hostile_sender: offers that are replayed") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(1'000);
    Offer const offer = lab.offer_of(blob);
    REQUIRE(post_offer(caller, offer, blob.view()).status == 200);
    // By who has overheard it: it is bound to the node that made it.
    RawCaller thief(lab, lab.parties.gateway);
    auto const refused = post_offer(thief, offer, blob.view());
    CHECK(refused.status == 403);
    CHECK(refused.body.find("wrong-sender") != std::string::npos);
    CHECK(thief.ask("GET", receipt_path(offer.id)).status == 404);
    CHECK(thief.ask("PUT", blob_path(blob.id()), length(1'000), text(blob.bytes)).status == 404);
    // By who made it: nothing is held twice, or announced, or counted.
    for (int i = 0; i < 20; ++i)
        CHECK(post_offer(caller, offer, blob.view()).status == 200);
    CHECK(lab.host.arrived.size() == 1);
    CHECK(lab.store->usage()->held_bytes == blob.size());
    CHECK((*lab.store->find(blob.id()))->holdings.size() == 1);
    // At another node.
    Offer elsewhere = lab.parties.draft(blob.id(), blob.size());
    elsewhere.recipient_node = NodeKey(lab.parties.gateway.public_key());
    auto const misled = post_offer(caller, lab.parties.signed_by_user(elsewhere), blob.view());
    CHECK(misled.status == 403);
    CHECK(misled.body.find("wrong-node") != std::string::npos);
    // With another content under the id that was let in.
    Offer other = offer;
    SampleBlob const junk = sample_blob(1'000, 7);
    other.content_id = junk.id();
    auto const twisted = post_offer(caller, other, junk.view());
    CHECK(twisted.status == 403);
    CHECK(twisted.body.find("bad-signature") != std::string::npos);
    CHECK_FALSE(lab.holds(junk));
}
