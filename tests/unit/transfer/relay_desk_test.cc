#include "transfer/relay_desk.h"

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "transfer/socket_deadline.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

ServerLimits with(RelayLimits const& relay) {
    ServerLimits limits;
    limits.relay = relay;
    return limits;
}

/// Bob's node, which alice knows no endpoint of, and a gateway that he holds a line to.
struct RelayLab {
    explicit RelayLab(RelayLimits const& limits = {})
        : store(*DiskBlobStore::open(options_in(bob.folder / "gateway"), bob.clock))
        , caller(bob.io, bob.pool, bob.parties.recipient_node) {
        auto started =
            ControlServer::start({bob.io, bob.pool, *store, host, key, bob.clock, bob.log},
                                 {"127.0.0.1", 0}, with(limits));
        REQUIRE(started);
        server = std::move(*started);
        host.on_meeting = [this](NodeKey const& node, RelayToken const& token) -> Status {
            if (node != bob.peer.key) return fail(Fault::not_found, "no line");
            if (bob_comes)
                asio::co_spawn(bob.io, come({{server->listening()}, token}), asio::detached);
            return {};
        };
    }

    RelayLab(RelayLab const&) = delete;
    RelayLab& operator=(RelayLab const&) = delete;

    ~RelayLab() {
        bob.alice.client.stop();
        caller.client.stop();
        bob.await(drained());
    }

    Peer gateway() { return {NodeKey(key.public_key()), {server->listening()}}; }

    DeliveryOrder order_of(SampleBlob const& blob) {
        DeliveryOrder order = bob.order_of(blob);
        order.endpoints.clear();
        order.meet = [this] { return bob.alice.client.call_to_meeting(gateway(), bob.peer.key); };
        return order;
    }

    Result<Delivered> deliver(SampleBlob const& blob) {
        return bob.await(transfer::deliver(bob.alice.client, bob.pool, order_of(blob)));
    }

    /// What the gateway says to a greeting: nothing where it hangs up.
    Bytes greet(ByteSpan greeting) {
        auto const at = server->listening();
        tcp::socket socket(bob.io);
        socket.connect({asio::ip::make_address(at.ip), at.port});
        asio::write(socket, asio::buffer(greeting.data(), greeting.size()));
        return bob.await(rest_of(std::move(socket)));
    }

    ControlLab bob;
    SeededRandomness chance{"gateway"};
    SigningKey key = SigningKey::generate(chance);
    FakeControlHost host;
    std::unique_ptr<DiskBlobStore> store;
    std::unique_ptr<ControlServer> server;
    ControlCaller caller;
    bool bob_comes = true;

private:
    asio::awaitable<void> come(MeetingPlace place) {
        auto socket = co_await caller.client.come_to_meeting(std::move(place));
        if (socket) bob.server->take(std::move(*socket));
    }

    static asio::awaitable<Bytes> rest_of(tcp::socket socket) {
        Bytes heard(64);
        boost::system::error_code error;
        SocketDeadline deadline(socket);
        deadline.expires_after(10s);
        auto const count =
            co_await socket.async_read_some(asio::buffer(heard.data(), heard.size()),
                                            asio::redirect_error(asio::use_awaitable, error));
        heard.resize(count);
        CHECK_FALSE(deadline.expired());
        co_return heard;
    }

    asio::awaitable<bool> drained() {
        co_await server->drain();
        co_return true;
    }
};

}  // namespace

TEST_CASE("relay: blobs of any size reach a node without an endpoint, and stay with nobody else") {
    RelayLab lab;
    for (std::uint64_t const size : {std::uint64_t{1'000}, std::uint64_t{5'000'001}}) {
        CAPTURE(size);
        SampleBlob const blob = sample_blob(size, size);
        auto const delivered = lab.deliver(blob);
        REQUIRE(delivered);
        CHECK(delivered->receipt.node == lab.bob.peer.key);
        check_whole(*lab.bob.store, blob);
    }
    CHECK(lab.store->list()->empty());
    CHECK(lab.server->traffic().received_bytes == 0);
}

TEST_CASE("relay: nobody can stand in for the node that was called") {
    RelayLab lab;
    lab.bob_comes = false;
    lab.host.on_meeting = [&lab](NodeKey const&, RelayToken const& token) -> Status {
        auto come = [&lab, token]() -> asio::awaitable<void> {
            MeetingPlace place{lab.gateway().endpoints, token};
            auto socket = co_await lab.caller.client.come_to_meeting(std::move(place));
            // The gateway's own server: another key.
            if (socket) lab.server->take(std::move(*socket));
        };
        asio::co_spawn(lab.bob.io, come, asio::detached);
        return {};
    };
    auto const delivered = lab.deliver(sample_blob(1'000));
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().fault == Fault::untrusted);
}

TEST_CASE("relay: who is not there, or does not come") {
    RelayLimits limits;
    limits.meet = 100ms;
    RelayLab lab(limits);
    Peer const gateway = lab.gateway();
    auto const other = lab.bob.await(lab.bob.alice.client.call_to_meeting(gateway, gateway.key));
    REQUIRE_FALSE(other);
    CHECK(other.error().fault == Fault::not_found);
    lab.bob_comes = false;
    auto const delivered = lab.deliver(sample_blob(1'000));
    REQUIRE_FALSE(delivered);
    CHECK(delivered.error().fault == Fault::unavailable);
}

TEST_CASE("relay: a token is one meeting's, and a greeting without one gets nothing") {
    RelayLab lab;
    lab.bob_comes = false;
    CHECK(lab.greet(encode_relay_greeting({RelaySide::dialler, {}})).empty());
    CHECK(lab.greet(bytes_of("SMTP is spoken elsewhere, and this is long enough")).empty());
    SampleBlob const blob = sample_blob(300'000);
    lab.bob_comes = true;
    RelayToken seen;
    auto const call = lab.host.on_meeting;
    lab.host.on_meeting = [&](NodeKey const& node, RelayToken const& token) {
        seen = token;
        return call(node, token);
    };
    REQUIRE(lab.deliver(blob));
    // Both sides are taken: a third one is none of them.
    CHECK(lab.greet(encode_relay_greeting({RelaySide::dialler, seen})).empty());
    CHECK(lab.greet(encode_relay_greeting({RelaySide::listener, seen})).empty());
}

TEST_CASE("relay: meetings are counted, in all and of each party") {
    asio::io_context io;
    SeededRandomness chance;
    auto const someone = [&] { return NodeKey(SigningKey::generate(chance).public_key()); };
    NodeKey const alice = someone();
    NodeKey const bob = someone();

    struct Row {
        char const* why;
        RelayLimits limits;
        std::function<RelayDesk::Parties(int)> next;
    };

    auto const few = [](std::size_t RelayLimits::*bound) {
        RelayLimits limits;
        limits.*bound = 2;
        return limits;
    };
    auto const ip = [](int turn) { return "192.0.2." + std::to_string(turn); };
    for (Row const& row : {
             Row{"in all", few(&RelayLimits::meetings),
                 [&](int turn) {
                     return RelayDesk::Parties{someone(), ip(turn), someone()};
                 }},
             Row{"of one caller", few(&RelayLimits::meetings_per_caller),
                 [&](int turn) {
                     return RelayDesk::Parties{alice, ip(turn), someone()};
                 }},
             Row{"from one address", few(&RelayLimits::meetings_per_address),
                 [&](int) {
                     return RelayDesk::Parties{someone(), ip(0), someone()};
                 }},
             Row{"with one node", few(&RelayLimits::meetings_per_called),
                 [&](int turn) {
                     return RelayDesk::Parties{someone(), ip(turn), bob};
                 }},
         }) {
        CAPTURE(row.why);
        RelayDesk desk(io, row.limits, std::make_shared<Traffic>());
        auto const first = desk.open(row.next(1));
        REQUIRE(first);
        auto const second = desk.open(row.next(2));
        REQUIRE(second);
        CHECK(*first != *second);
        CHECK(desk.open(row.next(3)).error().fault == Fault::unavailable);
        desk.close(*first);
        CHECK(desk.open(row.next(4)));
        desk.stop();
        desk.close(*second);
        CHECK(desk.open(row.next(5)).error().fault == Fault::unavailable);
    }
}
