#include "transfer/blob_intake.h"

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/raw_caller.h"
#include "transfer/control_request.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

TEST_CASE("blob_intake: bytes that are not the blob are never held, and get no receipt") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(1'000);
    Offer const offer = lab.offer_of(blob);
    Bytes wrong = blob.bytes;
    wrong[500] ^= 1;
    CHECK(post_offer(caller, offer, ByteSpan(wrong)).status == 422);
    CHECK_FALSE(lab.holds(blob));
    CHECK(caller.ask("GET", receipt_path(offer.id)).status == 202);
    CHECK(lab.host.arrived.empty());
    // The right ones are still welcome.
    auto const held = post_offer(caller, offer, blob.view());
    CHECK(held.status == 200);
    auto const receipt = decode_receipt(bytes_of(held.body));
    REQUIRE(receipt);
    CHECK(receipt_holds(*receipt, offer));
    CHECK(receipt->node == lab.peer.key);
    CHECK(lab.holds(blob));
    CHECK(lab.host.arrived.size() == 1);
}

TEST_CASE("blob_intake: wrong pieces are refused as they come") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(3'000'000);
    CHECK(post_offer(caller, lab.offer_of(blob)).status == 202);
    std::string const layer = text(blob.tree.layer);
    std::string const layers = layer_path(blob.id());
    std::string wrong_layer = layer;
    wrong_layer[3] ^= 1;
    CHECK(caller.ask("PUT", layers, length(layer.size()), wrong_layer).status == 422);
    CHECK(caller.ask("PUT", layers, length(layer.size()), layer).status == 202);
    std::string wrong = text(blob.bytes);
    wrong[100] ^= 1;
    auto const refused = caller.ask("PUT", blob_path(blob.id()), length(wrong.size()), wrong);
    CHECK(refused.status == 422);
    CHECK_FALSE(refused.head.keep_alive);
    CHECK_FALSE(lab.holds(blob));
    CHECK(lab.host.arrived.empty());
}

TEST_CASE("blob_intake: a blob comes in parts, with overlap, without gaps") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(600'000);
    Offer const offer = lab.offer_of(blob);
    REQUIRE(post_offer(caller, offer).status == 202);
    std::string const all = text(blob.bytes);
    std::string const layer = text(blob.tree.layer);
    CHECK(caller.ask("PUT", layer_path(blob.id()), length(layer.size()), layer).status == 202);
    std::string const path = blob_path(blob.id());
    auto const part = [&](std::size_t first, std::size_t last) {
        return length(last - first + 1) + "Content-Range: bytes " + std::to_string(first) + "-" +
               std::to_string(last) + "/600000\r\n";
    };
    auto const first = caller.ask("PUT", path, part(0, 399'999), all.substr(0, 400'000));
    CHECK(first.status == 202);
    CHECK(decode_progress(bytes_of(first.body))->have == 400'000);
    auto const asked = caller.ask("GET", receipt_path(offer.id));
    CHECK(asked.status == 202);
    CHECK(decode_progress(bytes_of(asked.body))->have == 400'000);
    {
        RawCaller other(lab, lab.parties.sender_node);
        CHECK(other.ask("PUT", path, part(400'001, 599'999), "").status == 409);
    }
    auto const rest = caller.ask("PUT", path, part(300'000, 599'999), all.substr(300'000));
    CHECK(rest.status == 201);
    CHECK(receipt_holds(*decode_receipt(bytes_of(rest.body)), offer));
    CHECK(caller.ask("GET", receipt_path(offer.id)).status == 200);
    check_whole(*lab.store, blob);
}

TEST_CASE("blob_intake: bounds on uploads and offers") {
    ServerLimits limits;
    limits.uploads_per_node = 1;
    limits.offers_per_node = 2;
    ControlLab lab(limits);
    RawCaller caller(lab, lab.parties.sender_node);
    CHECK(post_offer(caller, lab.offer_of(sample_blob(300'000, 1))).status == 202);
    CHECK(post_offer(caller, lab.offer_of(sample_blob(300'000, 2))).status == 429);
    CHECK(post_offer(caller, lab.offer_of(sample_blob(300'000, 3))).status == 429);
    CHECK(lab.server->traffic().uploads == 1);
}

TEST_CASE("blob_intake: whoever brings much may go on, and in nobody's place") {
    ServerLimits limits;
    limits.offers_per_node = 4;
    limits.offers = 6;
    ControlLab lab(limits);
    RawCaller caller(lab, lab.parties.sender_node);
    Offer const under_way = lab.offer_of(sample_blob(300'000, 99));
    REQUIRE(post_offer(caller, under_way).status == 202);
    std::vector<Offer> done;
    for (unsigned seed = 0; seed < 10; ++seed) {
        CAPTURE(seed);
        SampleBlob const blob = sample_blob(1'000, seed);
        done.push_back(lab.offer_of(blob));
        CHECK(post_offer(caller, done.back(), blob.view()).status == 200);
    }
    // What is forgotten are the oldest of those that are done.
    CHECK(caller.ask("GET", receipt_path(done.front().id)).status == 404);
    CHECK(caller.ask("GET", receipt_path(done.back().id)).status == 200);
    CHECK(caller.ask("GET", receipt_path(under_way.id)).status == 202);
    CHECK(post_offer(caller, done.front()).status == 200);
}

TEST_CASE(
    "blob_intake: what goes along with its offer opens no upload, and waits for a free place") {
    ServerLimits limits;
    limits.uploads_per_node = 1;
    ControlLab lab(limits);
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const held = sample_blob(1'000, 1);
    SampleBlob const late = sample_blob(1'000, 2);
    REQUIRE(post_offer(caller, lab.offer_of(held), held.view()).status == 200);
    CHECK(lab.server->traffic().uploads == 0);
    REQUIRE(post_offer(caller, lab.offer_of(sample_blob(300'000))).status == 202);
    CHECK(post_offer(caller, lab.offer_of(late), late.view()).status == 429);
    CHECK_FALSE(lab.holds(late));
    // What is here already takes no place.
    CHECK(post_offer(caller, lab.offer_of(held), held.view()).status == 200);
}

TEST_CASE("blob_intake: an upload that was begun without its bytes ends with them") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(1'000);
    Offer const offer = lab.offer_of(blob);
    REQUIRE(post_offer(caller, offer).status == 202);
    CHECK(lab.server->traffic().uploads == 1);
    CHECK(post_offer(caller, offer, blob.view()).status == 200);
    CHECK(lab.server->traffic().uploads == 0);
    check_whole(*lab.store, blob);
}

TEST_CASE("blob_intake: offers that were let in are known by their blob") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(3'000'000);
    CHECK(lab.server->offers_of(blob.id()).empty());
    Offer early = lab.parties.draft(blob.id(), blob.size());
    early.expires -= 100;
    early = lab.parties.signed_by_user(early);
    Offer const late = lab.offer_of(blob);
    Offer refused = lab.parties.draft(blob.id(), blob.size());
    refused.recipient[0] ^= 1;
    refused = lab.parties.signed_by_user(refused);
    for (Offer const& offer : {early, late, refused})
        static_cast<void>(lab.await(lab.alice.client.offer(lab.peer, offer, std::nullopt)));
    auto const known = lab.server->offers_of(blob.id());
    REQUIRE(known.size() == 2);
    CHECK(known[0].offer == late);
    CHECK(known[1].offer == early);
    CHECK(known[0].account == late.sender);
    CHECK(lab.server->offers_of(ContentId{}).empty());
    // What has come is nothing to come for, also where its owner has removed it.
    REQUIRE(lab.await(deliver(lab.alice.client, lab.pool, lab.order_of(blob))));
    CHECK(lab.server->offers_of(blob.id()).size() == 2);
    REQUIRE(lab.await(lab.alice.client.offer(lab.peer, early, std::nullopt)));
    CHECK(lab.server->offers_of(blob.id()).size() == 1);
}

TEST_CASE("blob_intake: a full store is told before the first byte") {
    ControlLab lab;
    lab.host.accept.max_bytes = 1ULL << 50U;
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(1'000);
    Offer const huge = lab.parties.signed_by_user(lab.parties.draft(blob.id(), (1ULL << 30U) + 1));
    CHECK(post_offer(caller, huge).status == 507);
    lab.host.accept.max_bytes = 999;
    CHECK(post_offer(caller, lab.offer_of(blob)).status == 413);
}

TEST_CASE("blob_intake: the same blob for two offers is one upload") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(600'000);
    auto const carol = *Address::parse("carol@b.test");
    lab.host.addresses.emplace(address_tag(carol), carol);
    RawCaller caller(lab, lab.parties.sender_node);
    REQUIRE(post_offer(caller, lab.offer_of(blob)).status == 202);
    Offer second = lab.parties.draft(blob.id(), blob.size());
    second.recipient = address_tag(carol);
    second = lab.parties.signed_by_user(second);
    auto const wait = post_offer(caller, second);
    CHECK(wait.status == 202);
    CHECK(decode_progress(bytes_of(wait.body))->action == OfferAction::wait);
    auto const put = caller.ask("PUT", blob_path(blob.id()), length(blob.size()), text(blob.bytes));
    CHECK(put.status == 201);
    CHECK(post_offer(caller, second).status == 200);
    CHECK((*lab.store->find(blob.id()))->holdings.size() == 2);
}

TEST_CASE("blob_intake: a sender that was killed goes on under its next offer") {
    SampleBlob const blob = sample_blob(600'000);
    std::string const all = text(blob.bytes);
    std::string const layer = text(blob.tree.layer);
    auto const begin = [&](ControlLab& lab) {
        RawCaller caller(lab, lab.parties.sender_node);
        REQUIRE(post_offer(caller, lab.offer_of(blob)).status == 202);
        REQUIRE(caller.ask("PUT", layer_path(blob.id()), length(layer.size()), layer).status ==
                202);
        auto const part = caller.ask("PUT", blob_path(blob.id()),
                                     length(400'000) + "Content-Range: bytes 0-399999/600000\r\n",
                                     all.substr(0, 400'000));
        REQUIRE(part.status == 202);
    };
    SUBCASE("once the first upload has stalled") {
        ServerLimits limits;
        limits.takeover_idle = std::chrono::seconds(0);
        ControlLab lab(limits);
        begin(lab);
        RawCaller caller(lab, lab.parties.sender_node);
        auto const next = post_offer(caller, lab.offer_of(blob));
        REQUIRE(next.status == 202);
        auto const progress = decode_progress(bytes_of(next.body));
        CHECK(progress->action == OfferAction::put);
        CHECK(progress->have >= 262'144);
        CHECK(lab.server->traffic().uploads == 1);
    }
    SUBCASE("not while it may be alive") {
        ServerLimits limits;
        limits.takeover_idle = std::chrono::hours(1);
        ControlLab lab(limits);
        begin(lab);
        RawCaller caller(lab, lab.parties.sender_node);
        auto const next = post_offer(caller, lab.offer_of(blob));
        CHECK(decode_progress(bytes_of(next.body))->action == OfferAction::wait);
    }
    SUBCASE("not for somebody else") {
        ServerLimits limits;
        limits.takeover_idle = std::chrono::seconds(0);
        ControlLab lab(limits);
        auto const carol = *Address::parse("carol@b.test");
        lab.host.addresses.emplace(address_tag(carol), carol);
        begin(lab);
        Offer other = lab.parties.draft(blob.id(), blob.size());
        other.recipient = address_tag(carol);
        RawCaller caller(lab, lab.parties.sender_node);
        auto const next = post_offer(caller, lab.parties.signed_by_user(other));
        CHECK(decode_progress(bytes_of(next.body))->action == OfferAction::wait);
    }
}

TEST_CASE("blob_intake: a later grant does not replace the first") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(1'000);
    RawCaller caller(lab, lab.parties.sender_node);
    REQUIRE(post_offer(caller, lab.offer_of(blob), blob.view()).status == 200);
    Offer hostile = lab.parties.draft(blob.id(), blob.size());
    hostile.grant = Bytes{9, 9, 9};
    CHECK(post_offer(caller, lab.parties.signed_by_user(hostile)).status == 200);
    auto const held = *lab.store->find(blob.id());
    REQUIRE(held->holdings.size() == 1);
    CHECK(held->holdings.front().grant == Bytes{1, 2, 3});
    // Held, but not of that size.
    Offer const other = lab.parties.signed_by_user(lab.parties.draft(blob.id(), 1'001));
    CHECK(post_offer(caller, other).status == 422);
}

TEST_CASE("blob_intake: a sender who comes back takes over from its dead connection") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(900'000);
    RawCaller dead(lab, lab.parties.sender_node);
    REQUIRE(post_offer(dead, lab.offer_of(blob)).status == 202);
    dead.say("PUT " + blob_path(blob.id()) + " HTTP/1.1\r\n" + length(900'000) + "\r\nsome bytes");
    RawCaller alive(lab, lab.parties.sender_node);
    auto const put = alive.ask("PUT", blob_path(blob.id()), length(blob.size()), text(blob.bytes));
    CHECK(put.status == 201);
    CHECK(dead.hear().status == 0);
    check_whole(*lab.store, blob);
}
