// What goes to a receiver while the blob is still being made, and what its name does then.
#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/harming_proxy.h"
#include "transfer/delivery.h"
#include "transfer/draft_offer.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

Result<Delivered> deliver_to(ControlLab& lab, DeliveryOrder order) {
    return lab.await(deliver(lab.alice.client, lab.pool, std::move(order)));
}

/// A blob of which the sender has no more than was let grow.
struct Growing {
    Growing(ControlLab& at, std::uint64_t size)
        : lab(at)
        , blob(sample_blob(size))
        , order(lab.order_of(blob))
        , growing(std::make_shared<GrowingBlob>(lab.io.get_executor(), blob.size())) {
        Offer draft = order.offer;
        draft.content_id = stand_in_for(draft.sender_node, draft.id);
        draft.label.clear();
        ahead = {lab.parties.signed_by_user(draft), order.endpoints, growing, nullptr};
    }

    void grow_to(std::uint64_t bytes) { growing->stands_in(order.file, bytes); }

    /// All of it bit by bit, each when the one before has gone.
    void grow_as_it_goes(std::uint64_t step) {
        ahead.progress = [this, step](std::uint64_t done) {
            grow_to(std::min(done + step, blob.size()));
        };
        grow_to(step);
    }

    Status send() { return lab.await(send_ahead(lab.alice.client, ahead)); }

    ControlLab& lab;
    SampleBlob blob;
    DeliveryOrder order;
    std::shared_ptr<GrowingBlob> growing;
    AheadOrder ahead;
};

}  // namespace

TEST_CASE(
    "delivery_ahead: bytes go ahead while the blob is made, once, and nothing is held before the "
    "end") {
    ControlLab lab;
    Growing made(lab, 20'000'000);
    made.grow_as_it_goes(524'288);
    REQUIRE(made.send());
    CHECK(lab.store->list()->empty());
    CHECK(lab.host.arrived.empty());
    CHECK(lab.server->traffic().received_bytes == made.blob.size());
    auto const delivered = deliver_to(lab, made.order);
    REQUIRE(delivered);
    CHECK(receipt_holds(delivered->receipt, made.order.offer));
    check_whole(*lab.store, made.blob);
    CHECK(lab.server->traffic().received_bytes == made.blob.size());
    CHECK(lab.host.arrived.size() == 1);
}

TEST_CASE(
    "delivery_ahead: the name of what went ahead is all that is needed, unless some of it is "
    "gone") {
    ControlLab lab;
    Growing made(lab, 20'000'000);
    DeliveryOrder named = made.order;
    named.file = nullptr;
    SUBCASE("all is there") {
        made.grow_as_it_goes(524'288);
        REQUIRE(made.send());
        CHECK(deliver_to(lab, named));
        check_whole(*lab.store, made.blob);
        return;
    }
    SUBCASE("nothing is there") {}
    SUBCASE("half is there") {
        made.grow_to(10'000'000);
        made.ahead.progress = [&](std::uint64_t) { made.growing->end(); };
        CHECK_FALSE(made.send());
    }
    auto const lacking = deliver_to(lab, named);
    REQUIRE_FALSE(lacking);
    CHECK(lacking.error().fault == Fault::not_found);
    CHECK(lab.store->list()->empty());
    // Made once more, it goes on.
    REQUIRE(deliver_to(lab, made.order));
    check_whole(*lab.store, made.blob);
}

TEST_CASE(
    "delivery_ahead: a blob that was never made to its end leaves nothing behind that counts") {
    ControlLab lab;
    Growing made(lab, 20'000'000);
    made.grow_to(5'000'000);
    made.ahead.progress = [&](std::uint64_t) { made.growing->end(); };
    CHECK_FALSE(made.send());
    CHECK(lab.store->list()->empty());
    // The sender made it after all: under the same offer what came counts.
    REQUIRE(deliver_to(lab, made.order));
    check_whole(*lab.store, made.blob);
}

TEST_CASE("delivery_ahead: what went ahead on a line that broke is not sent again") {
    ControlLab lab;
    Growing made(lab, 30'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 12'000'000, 1);
    made.ahead.endpoints = made.order.endpoints = {proxy.endpoint()};
    made.grow_as_it_goes(1'048'576);
    CHECK_FALSE(made.send());
    REQUIRE(deliver_to(lab, made.order));
    check_whole(*lab.store, made.blob);
    CHECK(proxy.forwarded() < made.blob.size() + 6'000'000);
}

TEST_CASE("delivery_ahead: what was changed on its way has another name, and goes again") {
    ControlLab lab;
    Growing made(lab, 20'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 12'000'000, 1, Harm::flip_sent);
    made.ahead.endpoints = made.order.endpoints = {proxy.endpoint()};
    SUBCASE("by this process") {
        made.order.begun = true;
    }
    SUBCASE("by one that was killed") {
        made.order.begun = false;
    }
    made.grow_as_it_goes(1'048'576);
    CHECK(made.send());
    CHECK(proxy.harms() == 1);
    CHECK(lab.store->list()->empty());
    REQUIRE(deliver_to(lab, made.order));
    check_whole(*lab.store, made.blob);
}

TEST_CASE("delivery_ahead: what went ahead outlives the receiver's end") {
    ServerLimits limits;
    limits.drain = std::chrono::milliseconds(0);
    ControlLab lab(limits);
    Growing made(lab, 20'000'000);
    made.grow_to(8'000'000);
    bool ended = false;
    asio::co_spawn(lab.io, send_ahead(lab.alice.client, made.ahead),
                   [&](std::exception_ptr const&, Status const& sent) {
                       CHECK_FALSE(sent);
                       ended = true;
                   });
    run_until(lab.io, [&] { return lab.server->traffic().received_bytes >= 7'000'000; });
    auto const at = lab.server->listening();
    lab.server->stop();
    made.growing->end();
    auto again = ControlServer::start(
        {lab.io, lab.pool, *lab.store, lab.host, lab.parties.recipient_node, lab.clock, lab.log},
        at);
    REQUIRE(again);
    lab.server = std::move(*again);
    run_until(lab.io, [&] { return ended && lab.store->arriving().empty(); });
    REQUIRE(deliver_to(lab, made.order));
    check_whole(*lab.store, made.blob);
    CHECK(lab.server->traffic().received_bytes <= 14'000'000);
}

TEST_CASE("delivery_ahead: whoever was killed after the name was told sends nothing again") {
    ServerLimits limits;
    limits.drain = std::chrono::milliseconds(0);
    ControlLab lab(limits);
    Growing made(lab, 20'000'000);
    auto const restart = [&] {
        auto const at = lab.server->listening();
        lab.server->stop();
        auto again = ControlServer::start({lab.io, lab.pool, *lab.store, lab.host,
                                           lab.parties.recipient_node, lab.clock, lab.log},
                                          at);
        REQUIRE(again);
        lab.server = std::move(*again);
        run_until(lab.io, [&] { return lab.store->arriving().empty(); });
    };
    DeliveryOrder named = made.order;
    named.file = nullptr;
    made.grow_as_it_goes(524'288);
    std::uint64_t sent = 20'000'000;
    SUBCASE("the receiver remembers") {
        REQUIRE(made.send());
        REQUIRE(deliver_to(lab, named));
    }
    SUBCASE("the receiver has been killed as well") {
        REQUIRE(made.send());
        REQUIRE(deliver_to(lab, named));
        restart();
        made.ahead.was_named = true;
    }
    SUBCASE("but what is still to come, it sends") {
        made.ahead.progress = [&](std::uint64_t) { made.growing->end(); };
        CHECK_FALSE(made.send());
        restart();
        sent = lab.alice.client.sent_bytes();
        CHECK(sent < 2'000'000);
        made.ahead.was_named = true;
    }
    made.growing = made.ahead.blob =
        std::make_shared<GrowingBlob>(lab.io.get_executor(), made.blob.size());
    made.grow_to(made.blob.size());
    REQUIRE(made.send());
    CHECK(lab.alice.client.sent_bytes() >= sent);
    CHECK(lab.alice.client.sent_bytes() <= 20'000'000 + 262'144);
    REQUIRE(deliver_to(lab, named));
    check_whole(*lab.store, made.blob);
}
