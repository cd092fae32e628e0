#include "transfer/delivery.h"

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/harming_proxy.h"
#include "tests/support/scripted_node.h"
#include "transfer/age_stream.h"
#include "transfer/draft_offer.h"
#include "transfer/traffic.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

Result<Delivered> deliver_to(ControlLab& lab, DeliveryOrder order) {
    return lab.await(deliver(lab.alice.client, lab.pool, std::move(order)));
}

}  // namespace

TEST_CASE("delivery: by size inline or direct, byte for byte, with a receipt") {
    ControlLab lab;
    std::uint64_t seed = 1;
    for (std::uint64_t const size :
         {blob_bytes_min, std::uint64_t{1'000}, std::uint64_t{262'144}, std::uint64_t{262'145},
          std::uint64_t{1'048'576}, std::uint64_t{5'000'001}}) {
        CAPTURE(size);
        SampleBlob const blob = sample_blob(size, ++seed);
        DeliveryOrder order = lab.order_of(blob);
        Offer const offer = order.offer;
        std::uint64_t told = 0;
        order.progress = [&](std::uint64_t done) { told = done; };
        auto const delivered = deliver_to(lab, std::move(order));
        REQUIRE(delivered);
        CHECK(delivered->route == (size <= 262'144 ? Route::inline_offer : Route::direct));
        CHECK(receipt_holds(delivered->receipt, offer));
        CHECK(told == size);
        check_whole(*lab.store, blob);
    }
    CHECK(lab.host.arrived.size() == 6);
}

TEST_CASE("delivery: what is at hand whole need not be read") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(1'000);
    DeliveryOrder order = lab.order_of(blob);
    order.file = nullptr;
    order.whole = std::make_shared<Bytes const>(blob.bytes);
    REQUIRE(deliver_to(lab, std::move(order)));
    check_whole(*lab.store, blob);
}

TEST_CASE("delivery: what is held already costs no bytes") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(3'000'000);
    REQUIRE(deliver_to(lab, lab.order_of(blob)));
    auto const before = lab.server->traffic().received_bytes;
    REQUIRE(deliver_to(lab, lab.order_of(blob)));
    CHECK(lab.server->traffic().received_bytes == before);
}

TEST_CASE("delivery: the same content under another name, for another user, costs no bytes") {
    ControlLab lab;
    auto const carol = *Address::parse("carol@b.test");
    lab.host.addresses.emplace(address_tag(carol), carol);
    SampleBlob const blob = sample_blob(3'000'000);
    REQUIRE(deliver_to(lab, lab.order_of(blob)));
    auto const moved = lab.server->traffic().received_bytes;
    DeliveryOrder again = lab.order_of(blob);
    Offer offer = lab.parties.draft(blob.id(), blob.size());
    offer.label = Bytes(50, 'n');
    offer.recipient = address_tag(carol);
    again.offer = lab.parties.signed_by_user(offer);
    auto const delivered = deliver_to(lab, again);
    REQUIRE(delivered);
    CHECK(receipt_holds(delivered->receipt, again.offer));
    CHECK(lab.server->traffic().received_bytes == moved);
    auto const held = *lab.store->find(blob.id());
    REQUIRE(held->holdings.size() == 2);
    CHECK(std::ranges::any_of(held->holdings,
                              [](auto const& one) { return one.label == Bytes(50, 'n'); }));
    CHECK(lab.store->usage()->held_bytes == blob.size());
}

TEST_CASE("delivery: a line that breaks is taken up where it broke") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(30'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 12'000'000, 1);
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {proxy.endpoint()};
    REQUIRE(deliver_to(lab, std::move(order)));
    check_whole(*lab.store, blob);
    CHECK(proxy.connections() >= 2);
    // Nothing that had arrived came twice, but for what was in flight.
    CHECK(proxy.forwarded() < blob.size() + 6'000'000);
}

TEST_CASE("delivery: what is changed on its way is noticed, and goes again from there") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(30'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 24'000'000, 1, Harm::flip_sent);
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {proxy.endpoint()};
    REQUIRE(deliver_to(lab, std::move(order)));
    check_whole(*lab.store, blob);
    CHECK(proxy.harms() == 1);
    // All that is behind may have gone before the answer is heard; what is before goes once.
    CHECK(proxy.forwarded() < blob.size() + 7'000'000);
}

TEST_CASE("delivery: where nothing but TLS may pass, it goes inside") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(3'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 0, 0, Harm::pass_tls_only);
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {proxy.endpoint()};
    REQUIRE(deliver_to(lab, std::move(order)));
    check_whole(*lab.store, blob);
    CHECK(proxy.harms() > 0);
    CHECK(proxy.connections() < 6);
}

TEST_CASE("delivery: a receiver that finds all of it wrong is sent it twice, and no more") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(3'000'000);
    ScriptedNode node(lab.io, lab.parties.recipient_node,
                      [](RequestHead const& asked, ByteSpan) -> ScriptedAnswer {
                          bool const body = asked.method == Method::put;
                          if (body && !asked.target.ends_with("/layers"))
                              return {422, encode_refusal({422, "wrong-bytes", "all wrong"})};
                          return {202, encode_progress({OfferAction::put, 0})};
                      });
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {node.endpoint()};
    auto const delivered = deliver_to(lab, std::move(order));
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().fault == Fault::corrupt);
    CHECK(node.received() > 2 * blob.size());
    CHECK(node.received() < 3 * blob.size());
}

TEST_CASE("delivery: breaks again and again, but moves") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(30'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 9'000'000, 4);
    DeliveryOrder order = lab.order_of(blob);
    order.endpoints = {proxy.endpoint()};
    REQUIRE(deliver_to(lab, std::move(order)));
    check_whole(*lab.store, blob);
}

TEST_CASE("delivery: a line that never holds is given up") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(30'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 200'000, 1'000);
    DeliveryOrder order = lab.order_of(blob);
    order.patience = std::chrono::milliseconds(1'000);
    order.endpoints = {proxy.endpoint()};
    auto const delivered = deliver_to(lab, std::move(order));
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().fault == Fault::unavailable);
    CHECK(proxy.connections() < 20);
}

TEST_CASE("delivery: a break counts from when it happens") {
    ClientLimits limits;
    limits.traffic = std::make_shared<Traffic>(TrafficLimits{10'000'000, 0});
    ControlLab lab({}, limits);
    SampleBlob const blob = sample_blob(12'000'000);
    HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), 9'000'000, 1);
    DeliveryOrder order = lab.order_of(blob);
    order.patience = std::chrono::milliseconds(500);  // less than it takes to the break
    order.endpoints = {proxy.endpoint()};
    REQUIRE(deliver_to(lab, std::move(order)));
    check_whole(*lab.store, blob);
}

TEST_CASE("delivery: a node that lies about its progress gets little, and not for ever") {
    SampleBlob const blob = sample_blob(3'000'000);
    std::uint64_t const piece_bytes = 256 * 1024;

    struct Row {
        char const* why;
        OfferProgress word;
        Fault fault;
    };

    for (Row const& row : {
             Row{"the same piece again", {OfferAction::put, 0, piece_bytes}, Fault::timed_out},
             Row{"all again", {OfferAction::put, 0}, Fault::timed_out},
             Row{"the end again", {OfferAction::put, blob.size()}, Fault::timed_out},
             Row{"byte by byte", {OfferAction::put, 0, 1}, Fault::corrupt},
             Row{"beyond the end", {OfferAction::put, 0, 12 * piece_bytes}, Fault::corrupt},
             Row{"all is there", {OfferAction::put, 0, blob.size()}, Fault::corrupt},
             Row{"nothing is wanted", {OfferAction::put, piece_bytes, piece_bytes}, Fault::corrupt},
             Row{"less than nothing", {OfferAction::put, piece_bytes, 0}, Fault::corrupt},
         }) {
        CAPTURE(std::string(row.why));
        ControlLab lab;
        ScriptedNode const node(lab.io, lab.parties.recipient_node, [&](auto const&, auto) {
            return ScriptedAnswer{202, encode_progress(row.word)};
        });
        DeliveryOrder order = lab.order_of(blob);
        order.endpoints = {node.endpoint()};
        order.patience = std::chrono::milliseconds(100);
        auto const delivered = deliver_to(lab, std::move(order));
        REQUIRE_FALSE(delivered);
        CHECK(delivered.error().fault == row.fault);
        CHECK_FALSE(node.asked().empty());
        CHECK((row.fault == Fault::timed_out || node.asked().size() <= 2));
    }
}

TEST_CASE("delivery: the store's end may start anew between two tries") {
    ServerLimits limits;
    limits.drain = std::chrono::milliseconds(0);
    ControlLab lab(limits);
    SampleBlob const blob = sample_blob(20'000'000);
    DeliveryOrder order = lab.order_of(blob);
    bool restarted = false;
    order.progress = [&](std::uint64_t done) {
        if (restarted || done < 8'000'000) return;
        restarted = true;
        auto const at = lab.server->listening();
        lab.server->stop();
        auto again = ControlServer::start({lab.io, lab.pool, *lab.store, lab.host,
                                           lab.parties.recipient_node, lab.clock, lab.log},
                                          at);
        REQUIRE(again);
        lab.server = std::move(*again);
    };
    REQUIRE(deliver_to(lab, std::move(order)));
    CHECK(restarted);
    check_whole(*lab.store, blob);
    CHECK(lab.server->traffic().received_bytes < blob.size());
}

TEST_CASE("delivery: the same blob to two users of one node at once") {
    ControlLab lab;
    auto const carol = *Address::parse("carol@b.test");
    lab.host.addresses.emplace(address_tag(carol), carol);
    SampleBlob const blob = sample_blob(8'000'000);
    DeliveryOrder const first = lab.order_of(blob);
    DeliveryOrder second = lab.order_of(blob);
    Offer for_carol = lab.parties.draft(blob.id(), blob.size());
    for_carol.recipient = address_tag(carol);
    second.offer = lab.parties.signed_by_user(for_carol);
    int good = 0;
    int done = 0;
    for (DeliveryOrder const& order : {first, second}) {
        asio::co_spawn(lab.io, deliver(lab.alice.client, lab.pool, order),
                       [&](std::exception_ptr, Result<Delivered> delivered) {
                           ++done;
                           if (delivered) ++good;
                       });
    }
    run_until(lab.io, [&] { return done == 2; });
    CHECK(good == 2);
    CHECK((*lab.store->find(blob.id()))->holdings.size() == 2);
    CHECK(lab.server->traffic().received_bytes == blob.size());
}

TEST_CASE("delivery: what can't be, fails at once and says why") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(3'000'000);
    DeliveryOrder const good = lab.order_of(blob);

    DeliveryOrder torn = good;
    Bytes wrong = blob.bytes;
    wrong[2'000'000] ^= 1;
    torn.file = std::make_shared<UniqueFd>(
        std::move(*open_file((lab.folder / "torn").string(), O_RDWR | O_CREAT)));
    REQUIRE(write_all_at(torn.file->get(), wrong, 0));
    auto const corrupt = deliver_to(lab, torn);
    REQUIRE_FALSE(corrupt);
    CHECK(corrupt.error().fault == Fault::corrupt);
    CHECK_FALSE(lab.holds(blob));

    DeliveryOrder shorter = good;
    shorter.file = std::make_shared<UniqueFd>(
        std::move(*open_file((lab.folder / "short").string(), O_RDWR | O_CREAT)));
    REQUIRE(write_all_at(shorter.file->get(), ByteSpan(blob.bytes).first(1'000'000), 0));
    auto const cut = deliver_to(lab, shorter);
    REQUIRE_FALSE(cut);
    CHECK(cut.error().fault == Fault::io);
    CHECK_FALSE(lab.holds(blob));

    lab.host.is_available = false;
    auto const away = deliver_to(lab, good);
    REQUIRE_FALSE(away);
    CHECK(away.error().fault == Fault::unavailable);
    lab.host.is_available = true;

    lab.host.domains.clear();
    auto const stranger = deliver_to(lab, good);
    REQUIRE_FALSE(stranger);
    CHECK(stranger.error().fault == Fault::refused);
    CHECK(lab.host.arrived.empty());
}
