#include "transfer/control_server.h"

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/raw_caller.h"
#include "transfer/control_request.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

void store_directly(ControlLab& lab, SampleBlob const& blob) {
    auto upload = lab.store->receive(blob.id(), blob.size(), "");
    REQUIRE(upload);
    REQUIRE((*upload)->set_layer(blob.tree.layer));
    REQUIRE((*upload)->write(blob.bytes));
    Holding holding = sample_holding(1, "");
    holding.recipient = address_tag(lab.parties.recipient);
    REQUIRE((*upload)->finish(holding));
}

/// An offer of so many bytes, of which four are sent.
void announce(RawCaller& caller, std::size_t bytes) {
    caller.say("POST " + std::string(offers_path) + " HTTP/1.1\r\n" + length(bytes) + "\r\nsome");
}

}  // namespace

TEST_CASE("control_server: answers a ping, and what it does not know with 404") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.user);
    auto const ping = caller.ask("GET", ping_path);
    CHECK(ping.status == 200);
    auto const answer = decode_ping(bytes_of(ping.body));
    REQUIRE(answer);
    CHECK(answer->node == lab.peer.key);
    CHECK(answer->available);
    CHECK(caller.ask("GET", "/").status == 404);
    CHECK(caller.ask("PUT", ping_path, length(0)).status == 405);
    // And the conversation goes on.
    CHECK(caller.ask("GET", ping_path).status == 200);
    auto const refused = caller.ask("PUT", "/v1/later", length(4), "abcd");
    CHECK(refused.status == 404);
    CHECK_FALSE(refused.head.keep_alive);
    CHECK(caller.hear().status == 0);
}

TEST_CASE("control_server: malformed heads end the conversation") {
    struct Row {
        char const* why;
        std::string bytes;
        unsigned status;
    };

    for (Row const& row : {
             Row{"not HTTP", "EHLO mail.example.net\r\n\r\n", 400},
             Row{"chunked", "PUT /v1/ping HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
             Row{"endless head", "GET /v1/ping HTTP/1.1\r\nX: " + std::string(20'000, 'a'), 431},
             Row{"wrong device", "GET /v1/ping HTTP/1.1\r\nSatchel-Device: me\r\n\r\n", 401},
         }) {
        CAPTURE(row.status);
        ControlLab lab;
        RawCaller caller(lab, lab.parties.user);
        caller.say(row.bytes);
        CHECK(caller.hear().status == row.status);
        CHECK(caller.hear().status == 0);
    }
}

TEST_CASE("control_server: offers that are no offers") {
    ControlLab lab;
    RawCaller caller(lab, lab.parties.sender_node);
    CHECK(caller.ask("POST", offers_path, length(5), "hello").status == 400);
    SampleBlob const blob = sample_blob(1'000);
    Offer forged = lab.offer_of(blob);
    ++forged.size;
    CHECK(post_offer(caller, forged).status == 403);
    // Announced longer than it is.
    Offer longer = lab.parties.signed_by_user(lab.parties.draft(blob.id(), 1'001));
    CHECK(post_offer(caller, longer, blob.view()).status == 422);
    CHECK(lab.host.arrived.empty());
    // Somebody else's offer.
    RawCaller thief(lab, lab.parties.user);
    CHECK(post_offer(thief, lab.offer_of(blob), blob.view()).status == 403);
    CHECK_FALSE(lab.holds(blob));
}

TEST_CASE("control_server: strangers get 404 for what exists and what does not") {
    ControlLab lab;
    RawCaller sender(lab, lab.parties.sender_node);
    RawCaller stranger(lab, lab.parties.user);
    SampleBlob const blob = sample_blob(600'000);
    Offer const offer = lab.offer_of(blob);
    REQUIRE(post_offer(sender, offer).status == 202);
    CHECK(stranger.ask("GET", receipt_path(offer.id)).status == 404);
    CHECK(stranger.ask("GET", offer_path(offer.id)).status == 404);
    CHECK(stranger.ask("GET", blob_path(blob.id())).status == 404);
    store_directly(lab, sample_blob(1'000));
    SampleBlob const held = sample_blob(1'000);
    for (char const* method : {"GET", "HEAD"}) {
        CHECK(stranger.ask(method, blob_path(held.id())).status == 404);
        CHECK(sender.ask(method, blob_path(held.id())).status == 404);
    }
    CHECK(stranger.ask("GET", layer_path(held.id())).status == 404);
    // The body of an upload that nobody offered is not waited for.
    auto const put = stranger.ask("PUT", blob_path(blob.id()), length(600'000), "some bytes");
    CHECK(put.status == 404);
    CHECK_FALSE(put.head.keep_alive);
    RawCaller again(lab, lab.parties.user);
    CHECK(again.ask("PUT", layer_path(blob.id()), length(96), "x").status == 404);
    auto const waiting = sender.ask("GET", waiting_path);
    CHECK(waiting.status == 200);
    CHECK(decode_waiting(bytes_of(waiting.body))->empty());
}

TEST_CASE("control_server: the owner reads ranges") {
    ControlLab lab;
    lab.host.own_nodes = {NodeKey(lab.parties.user.public_key())};
    SampleBlob const blob = sample_blob(1'500'000);
    store_directly(lab, blob);
    RawCaller owner(lab, lab.parties.user);
    std::string const path = blob_path(blob.id());
    std::string const all = text(blob.bytes);
    auto const whole = owner.ask("GET", path);
    CHECK(whole.status == 200);
    CHECK(whole.body == all);
    auto const head = owner.ask("HEAD", path);
    CHECK(head.status == 200);
    CHECK(head.head.content_length == blob.size());
    auto const part = owner.ask("GET", path, "Range: bytes=1000000-1000009\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == all.substr(1'000'000, 10));
    CHECK(part.head.content_range == "bytes 1000000-1000009/1500000");
    auto const tail = owner.ask("GET", path, "Range: bytes=-5\r\n");
    CHECK(tail.body == all.substr(all.size() - 5));
    CHECK(owner.ask("GET", path, "Range: bytes=1500000-\r\n").status == 416);
    CHECK(owner.ask("GET", path, "Range: lines=1-2\r\n").status == 200);
    CHECK(owner.ask("GET", layer_path(blob.id())).body == text(blob.tree.layer));
    CHECK(lab.server->traffic().sent_bytes == 2 * all.size() + 15);
}

TEST_CASE("control_server: the addressed node reads what is on offer to it") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(700'000);
    Offer offer = lab.parties.draft(blob.id(), blob.size());
    offer.recipient_node = NodeKey(lab.parties.user.public_key());
    lab.host.offers_out = {lab.parties.signed_by_user(offer)};
    lab.host.content_out = lab.file_of(blob);
    lab.host.size_out = blob.size();
    RawCaller addressee(lab, lab.parties.user);
    auto const told = addressee.ask("GET", offer_path(offer.id));
    CHECK(told.status == 200);
    CHECK(*decode_offer(bytes_of(told.body)) == lab.host.offers_out.front());
    auto const waiting = addressee.ask("GET", waiting_path);
    CHECK(decode_waiting(bytes_of(waiting.body))->size() == 1);
    CHECK(addressee.ask("GET", blob_path(blob.id())).body == text(blob.bytes));
    RawCaller stranger(lab, lab.parties.gateway);
    CHECK(stranger.ask("GET", offer_path(offer.id)).status == 404);
    CHECK(stranger.ask("GET", blob_path(blob.id())).status == 404);
}

TEST_CASE("control_server: who is slow is hung up on") {
    ServerLimits limits;
    limits.head = std::chrono::milliseconds(200);
    limits.small_body = std::chrono::milliseconds(200);
    limits.handshake = std::chrono::milliseconds(200);
    limits.chunk = std::chrono::milliseconds(200);
    ControlLab lab(limits);
    SUBCASE("within the head") {
        RawCaller caller(lab, lab.parties.user);
        caller.say("GET /v1/pi");
        CHECK(caller.hear().status == 0);
    }
    SUBCASE("within a body") {
        RawCaller caller(lab, lab.parties.user);
        auto const heard = caller.ask("POST", offers_path, length(1'000), "a");
        CHECK((heard.status == 0 || heard.status == 408));
    }
    SUBCASE("within a blob") {
        RawCaller caller(lab, lab.parties.sender_node);
        SampleBlob const blob = sample_blob(600'000);
        REQUIRE(post_offer(caller, lab.offer_of(blob)).status == 202);
        caller.say("PUT " + blob_path(blob.id()) + " HTTP/1.1\r\n" + length(600'000) + "\r\nsome");
        CHECK(caller.hear().status == 0);
    }
    SUBCASE("before the handshake") {
        asio::ip::tcp::socket silent(lab.io);
        auto const at = lab.server->listening();
        silent.connect({asio::ip::make_address(at.ip), at.port});
        run_until(lab.io, [&] { return lab.server->traffic().connections == 1; });
    }
    run_until(lab.io, [&] { return lab.server->traffic().connections == 0; });
}

TEST_CASE("control_server: who announces much and sends little gives way") {
    ServerLimits limits;
    limits.bodies.bytes = 100'000;
    limits.bodies.bytes_per_caller = 100'000;
    limits.bodies.stall = std::chrono::milliseconds(50);
    ControlLab lab(limits);
    RawCaller idle(lab, lab.parties.user);
    announce(idle, 99'000);
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(50'000);
    CHECK(post_offer(caller, lab.offer_of(blob), blob.view()).status == 200);
    CHECK(lab.holds(blob));
    CHECK(idle.hear().status == 0);
}

TEST_CASE("control_server: too much is announced to be read in time") {
    ServerLimits limits;
    limits.bodies.bytes_per_caller = 100'000;
    limits.bodies.waiting = std::chrono::milliseconds(50);
    limits.bodies.stall = std::chrono::hours(1);
    ControlLab lab(limits);
    RawCaller idle(lab, lab.parties.user);
    announce(idle, 100'000);
    RawCaller caller(lab, lab.parties.sender_node);
    SampleBlob const blob = sample_blob(50'000);
    CHECK(post_offer(caller, lab.offer_of(blob), blob.view()).status == 429);
    CHECK(caller.hear().status == 0);
    // What is short needs no room.
    RawCaller other(lab, lab.parties.sender_node);
    CHECK(post_offer(other, lab.offer_of(blob)).status == 202);
}

TEST_CASE("control_server: bounds on connections") {
    ServerLimits limits;
    limits.connections_per_node = 2;
    limits.connections_per_address = 4;
    ControlLab lab(limits);
    RawCaller first(lab, lab.parties.user);
    RawCaller second(lab, lab.parties.user);
    CHECK(first.ask("GET", ping_path).status == 200);
    CHECK(second.ask("GET", ping_path).status == 200);
    {
        RawCaller third(lab, lab.parties.user);
        CHECK(third.ask("GET", ping_path).status == 429);
    }
    RawCaller other(lab, lab.parties.gateway);
    CHECK(other.ask("GET", ping_path).status == 200);
    run_until(lab.io, [&] { return lab.server->traffic().connections == 3; });
    RawCaller fourth(lab, lab.parties.sender_node);
    CHECK(fourth.ask("GET", ping_path).status == 200);
    // One more from this address is not even greeted.
    asio::ip::tcp::socket socket(lab.io);
    auto const at = lab.server->listening();
    socket.connect({asio::ip::make_address(at.ip), at.port});
    bool closed = false;
    Byte byte = 0;
    socket.async_read_some(asio::buffer(&byte, 1), [&](boost::system::error_code error,
                                                       std::size_t) { closed = error.failed(); });
    run_until(lab.io, [&] { return closed; });
    CHECK(lab.server->traffic().connections == 4);
}

TEST_CASE("control_server: drains soon, whatever its callers do") {
    ServerLimits limits;
    limits.drain = std::chrono::milliseconds(100);
    limits.bodies.bytes_per_caller = 20'000;
    limits.bodies.waiting = limits.bodies.stall = limits.small_body = std::chrono::hours(1);
    ControlLab lab(limits);
    SampleBlob const blob = sample_blob(600'000);
    RawCaller idle(lab, lab.parties.user);
    CHECK(idle.ask("GET", ping_path).status == 200);
    RawCaller busy(lab, lab.parties.sender_node);
    REQUIRE(post_offer(busy, lab.offer_of(blob)).status == 202);
    busy.say("PUT " + blob_path(blob.id()) + " HTTP/1.1\r\n" + length(600'000) + "\r\nsome");
    RawCaller slow(lab, lab.parties.user);
    announce(slow, 20'000);
    RawCaller waiting(lab, lab.parties.user);
    announce(waiting, 20'000);
    bool drained = false;
    asio::co_spawn(lab.io, lab.server->drain(), [&](std::exception_ptr) { drained = true; });
    run_until(lab.io, [&] { return drained; });
    CHECK(lab.server->traffic().connections == 0);
    CHECK(idle.hear().status == 0);
    CHECK(busy.hear().status == 0);
    CHECK(slow.hear().status == 0);
    CHECK(waiting.hear().status == 0);
}

TEST_CASE("control_server: a port that is taken is a setting to mend") {
    ControlLab lab;
    auto const taken = ControlServer::start(
        {lab.io, lab.pool, *lab.store, lab.host, lab.parties.user, lab.clock, lab.log},
        lab.server->listening());
    REQUIRE_FALSE(taken);
    CHECK(taken.error().fault == Fault::config);
}
