#include "transfer/control_client.h"

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/harming_proxy.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

/// A listener that answers no handshake and remembers what it was sent.
struct Silent {
    explicit Silent(asio::io_context& io)
        : acceptor(io, {asio::ip::address_v4::loopback(), 0}) {}

    Endpoint endpoint() const { return {"127.0.0.1", acceptor.local_endpoint().port()}; }

    asio::ip::tcp::acceptor acceptor;
};

/// Nobody listens there.
Endpoint closed_port(asio::io_context& io) {
    return Silent(io).endpoint();
}

std::shared_ptr<BlobUpload> receiver(BlobStore& store, SampleBlob const& blob) {
    return std::move(*store.receive(blob.id(), blob.size(), ""));
}

Holding holding_for_bob(ControlLab const& lab) {
    Holding holding = sample_holding(1, "");
    holding.recipient = address_tag(lab.parties.recipient);
    return holding;
}

}  // namespace

TEST_CASE("control_client: pings") {
    ControlLab lab;
    auto const answer = lab.await(lab.alice.client.ping(lab.peer));
    REQUIRE(answer);
    CHECK(answer->node == lab.peer.key);
    CHECK(answer->accept == lab.host.accept);
    // The connection is used again.
    REQUIRE(lab.await(lab.alice.client.ping(lab.peer)));
    CHECK(lab.server->traffic().connections == 1);
}

TEST_CASE("control_client: 200 pings at once share a few connections") {
    ControlLab lab;
    int good = 0;
    int done = 0;
    for (int i = 0; i < 200; ++i) {
        asio::co_spawn(lab.io, lab.alice.client.ping(lab.peer),
                       [&](std::exception_ptr, Result<PingAnswer> answer) {
                           ++done;
                           if (answer) ++good;
                       });
    }
    run_until(lab.io, [&] { return done == 200; });
    CHECK(good == 200);
    CHECK(lab.server->traffic().connections <= ClientLimits{}.connections_per_node);
}

TEST_CASE("control_client: a refused connection is told by its cause") {
    ClientLimits limits;
    limits.handshake = std::chrono::milliseconds(200);
    ControlLab lab({}, limits);
    Silent const silent(lab.io);
    Endpoint const right = lab.peer.endpoints.front();
    Endpoint const closed = closed_port(lab.io);
    NodeKey const other(lab.parties.user.public_key());

    struct Row {
        char const* why;
        Peer peer;
        std::optional<Fault> fault;
    };

    for (Row const& row : {
             Row{"another key", {other, {right}}, Fault::untrusted},
             Row{"another key first", {other, {right, closed}}, Fault::untrusted},
             Row{"nobody there", {lab.peer.key, {closed}}, Fault::unavailable},
             Row{"no answer", {lab.peer.key, {silent.endpoint()}}, Fault::timed_out},
             Row{"no endpoint", {lab.peer.key, {}}, Fault::unavailable},
             Row{"not to be dialled", {lab.peer.key, {{"10.1.2.3", 7473}}}, Fault::refused},
             Row{"the second endpoint is right", {lab.peer.key, {closed, right}}, std::nullopt},
         }) {
        CAPTURE(std::string(row.why));
        auto const answer = lab.await(lab.alice.client.ping(row.peer));
        CHECK(answer.has_value() == !row.fault.has_value());
        if (!answer && row.fault) CHECK(answer.error().fault == *row.fault);
    }
}

TEST_CASE("control_client: another key gets not a byte of a request") {
    ControlLab lab;
    NodeKey const other(lab.parties.user.public_key());
    SampleBlob const blob = sample_blob(1'000);
    auto const answer = lab.await(
        lab.alice.client.offer({other, lab.peer.endpoints}, lab.offer_of(blob), blob.bytes));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().fault == Fault::untrusted);
    CHECK(lab.server->traffic().received_bytes == 0);
}

TEST_CASE("control_client: a connection that was closed meanwhile is replaced") {
    ServerLimits limits;
    limits.idle = std::chrono::milliseconds(50);
    ControlLab lab(limits);
    REQUIRE(lab.await(lab.alice.client.ping(lab.peer)));
    run_until(lab.io, [&] { return lab.server->traffic().connections == 0; });
    CHECK(lab.await(lab.alice.client.ping(lab.peer)));
}

TEST_CASE("control_client: idle connections are closed") {
    ClientLimits limits;
    limits.idle = std::chrono::milliseconds(40);
    ControlLab lab({}, limits);
    REQUIRE(lab.await(lab.alice.client.ping(lab.peer)));
    CHECK(lab.server->traffic().connections == 1);
    run_until(lab.io, [&] { return lab.server->traffic().connections == 0; });
}

TEST_CASE("control_client: an offer with its blob, and the receipt asked for again") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(1'000);
    Offer const offer = lab.offer_of(blob);
    auto const answer = lab.await(lab.alice.client.offer(lab.peer, offer, blob.bytes));
    REQUIRE(answer);
    REQUIRE(std::holds_alternative<Receipt>(*answer));
    CHECK(receipt_holds(std::get<Receipt>(*answer), offer));
    auto const again = lab.await(lab.alice.client.ask_receipt(lab.peer, offer.id));
    REQUIRE(again);
    CHECK(std::get<Receipt>(*again) == std::get<Receipt>(*answer));
    OfferId unknown;
    auto const none = lab.await(lab.alice.client.ask_receipt(lab.peer, unknown));
    REQUIRE_FALSE(none);
    CHECK(none.error().fault == Fault::not_found);
}

TEST_CASE("control_client: refusals come with the node's reason") {
    ControlLab lab;
    lab.host.accept.max_bytes = 10;
    SampleBlob const blob = sample_blob(1'000);
    auto const answer =
        lab.await(lab.alice.client.offer(lab.peer, lab.offer_of(blob), std::nullopt));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().fault == Fault::too_large);
    CHECK(answer.error().what.find("at most 10 bytes") != std::string::npos);
}

TEST_CASE("control_client: an upload that is refused early stops early") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(40'000'000);
    ControlClient::BlobPut put;
    put.id = blob.id();
    put.file = lab.file_of(blob);
    put.size = blob.size();
    auto const answer = lab.await(lab.alice.client.put_blob(lab.peer, std::move(put)));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().fault == Fault::not_found);
    CHECK(lab.alice.client.sent_bytes() < blob.size());
}

TEST_CASE("control_client: a device fetches from its own node, verified, and goes on") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(5'000'000);
    auto upload = receiver(*lab.store, blob);
    REQUIRE(upload->set_layer(blob.tree.layer));
    REQUIRE(upload->write(blob.bytes));
    REQUIRE(upload->finish(holding_for_bob(lab)));
    lab.host.own_devices = {UserKey(lab.parties.user.public_key())};
    ControlCaller device(lab.io, lab.pool, lab.parties.gateway, {}, &lab.parties.user);
    auto elsewhere = DiskBlobStore::open(options_in(lab.folder / "device"), lab.clock);
    REQUIRE(elsewhere);

    // A peer that is not called our own does not learn the user key, and gives nothing.
    auto const unknown = lab.await(device.client.blob_size(lab.peer, blob.id()));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().fault == Fault::not_found);

    Peer own = lab.peer;
    own.own = true;
    auto const size = lab.await(device.client.blob_size(own, blob.id()));
    REQUIRE(size);
    CHECK(*size == blob.size());
    ControlClient::BlobFetch fetch;
    fetch.id = blob.id();
    fetch.size = *size;
    fetch.into = receiver(**elsewhere, blob);
    REQUIRE(fetch.into->set_layer(blob.tree.layer));
    REQUIRE(fetch.into->write(ByteSpan(blob.bytes).first(1'234'567)));
    std::uint64_t told = 0;
    fetch.progress = [&](std::uint64_t done) { told = done; };
    auto const into = fetch.into;
    REQUIRE(lab.await(device.client.fetch_blob(own, fetch)));
    CHECK(told == blob.size());
    CHECK(device.client.fetched_bytes() == blob.size() - 1'234'567);
    REQUIRE(into->finish(holding_for_bob(lab)));
    check_whole(**elsewhere, blob);
}

/// A blob that bob's node has on offer, and where alice's puts it.
struct Fetching {
    Fetching(ControlLab& its, SampleBlob const& wanted, SampleBlob const& sent)
        : lab(its)
        , blob(wanted)
        , elsewhere(*DiskBlobStore::open(options_in(lab.folder / "device"), lab.clock)) {
        Offer offer = lab.parties.draft(blob.id(), blob.size());
        offer.recipient_node = NodeKey(lab.parties.sender_node.public_key());
        lab.host.offers_out = {lab.parties.signed_by_user(offer)};
        lab.host.content_out = lab.file_of(sent);
        lab.host.size_out = sent.size();
        fetch.id = blob.id();
        fetch.size = blob.size();
        fetch.into = receiver(*elsewhere, blob);
        REQUIRE(fetch.into->set_layer(blob.tree.layer));
    }

    Status from(Peer peer) {
        return lab.await(lab.alice.client.fetch_blob(std::move(peer), fetch));
    }

    ControlLab& lab;
    SampleBlob const& blob;
    std::unique_ptr<DiskBlobStore> elsewhere;
    ControlClient::BlobFetch fetch;
};

TEST_CASE("control_client: what is harmed on its way here is fetched again") {
    struct Row {
        char const* why;
        std::uint64_t bytes;
        Harm harm;
    };

    for (Row const& row : {Row{"a flipped bit", 3'000'000, Harm::flip_received},
                           Row{"nothing but TLS passes", 0, Harm::pass_tls_only}}) {
        CAPTURE(std::string(row.why));
        ControlLab lab;
        SampleBlob const blob = sample_blob(5'000'000);
        Fetching fetching(lab, blob, blob);
        HarmingProxy proxy(lab.io, lab.peer.endpoints.front(), row.bytes, 1, row.harm);
        REQUIRE(fetching.from({lab.peer.key, {proxy.endpoint()}}));
        REQUIRE(fetching.fetch.into->finish(holding_for_bob(lab)));
        check_whole(*fetching.elsewhere, blob);
        CHECK(lab.server->traffic().sent_bytes < 2 * blob.size());
        CHECK(proxy.harms() == 1);
        CHECK(proxy.connections() <= 3);
    }
}

TEST_CASE("control_client: what a lying node sends is not taken, and asked for twice at most") {
    ControlLab lab;
    SampleBlob const blob = sample_blob(700'000);
    SampleBlob const other = sample_blob(700'000, 2);
    Fetching fetching(lab, blob, other);
    auto const fetched = fetching.from(lab.peer);
    REQUIRE_FALSE(fetched);
    CHECK(fetched.error().fault == Fault::corrupt);
    CHECK(lab.server->traffic().sent_bytes <= 2 * other.size());
}

TEST_CASE("control_client: asks for what waits") {
    ControlLab lab;
    Offer offer = lab.parties.draft(ContentId{}, 1'000);
    offer.recipient_node = NodeKey(lab.parties.sender_node.public_key());
    lab.host.offers_out = {lab.parties.signed_by_user(offer)};
    auto const waiting = lab.await(lab.alice.client.ask_waiting(lab.peer));
    REQUIRE(waiting);
    REQUIRE(waiting->size() == 1);
    CHECK(lab.await(lab.alice.client.ask_waiting(lab.peer, offer.content_id))->size() == 1);
    ContentId other = offer.content_id;
    other.bytes[0] ^= 1;
    CHECK(lab.await(lab.alice.client.ask_waiting(lab.peer, other))->empty());
    auto const full = lab.await(lab.alice.client.ask_offer(lab.peer, waiting->front().id));
    REQUIRE(full);
    CHECK(*full == lab.host.offers_out.front());
}

TEST_CASE("control_client: stopped, it fails what is under way") {
    ControlLab lab;
    Silent const silent(lab.io);
    std::optional<Result<PingAnswer>> answer;
    Peer const peer{lab.peer.key, {silent.endpoint()}};
    asio::co_spawn(
        lab.io, lab.alice.client.ping(peer),
        [&](std::exception_ptr, Result<PingAnswer> result) { answer.emplace(std::move(result)); });
    lab.io.restart();
    lab.io.poll();
    lab.alice.client.stop();
    run_until(lab.io, [&] { return answer.has_value(); });
    CHECK_FALSE(*answer);
    CHECK_FALSE(lab.await(lab.alice.client.ping(lab.peer)));
}
