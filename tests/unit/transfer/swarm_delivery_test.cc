#include "transfer/swarm_delivery.h"

#include <algorithm>
#include <future>

#include <doctest/doctest.h>

#include "tests/support/control_lab.h"
#include "tests/support/fake_swarm.h"
#include "tests/support/faulty_swarms.h"
#include "transfer/swarm_file.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t blob_bytes = 2'500'000;

/// A storage node that may take part in swarms.
class Node {
public:
    Node(ControlLab& lab, FakeSwarmHub& hub, unsigned number,
         std::chrono::milliseconds swarm_start = std::chrono::seconds(5))
        : chance_("node " + std::to_string(number))
        , folder_(lab.folder / ("node" + std::to_string(number)))
        , key_(SigningKey::generate(chance_))
        , swarm(lab.io, hub, {"127.0.0." + std::to_string(number), 7474})
        , store(*DiskBlobStore::open(options_in(folder_), lab.clock)) {
        host.addresses = lab.host.addresses;
        host.domains = lab.host.domains;
        use(swarm);
        ServerLimits limits;
        limits.takeover_idle = std::chrono::seconds(0);
        limits.swarm_start = swarm_start;
        auto started = ControlServer::start(
            {lab.io, lab.pool, *store, host, key_, lab.clock, lab.log}, {"127.0.0.1", 0}, limits);
        REQUIRE(started);
        server_ = std::move(*started);
    }

    void use(Swarm& other) {
        room_ = {&other, folder_ / "swarm", [](Endpoint const&) { return true; }};
        host.room = &room_;
    }

    std::filesystem::path const& swarm_folder() const { return room_.folder; }

    SwarmReceiver receiver(ControlLab& lab, SampleBlob const& blob, Endpoint const& sender) const {
        Offer draft = lab.parties.draft(blob.id(), blob.size());
        draft.id.bytes[0] = static_cast<Byte>(server_->listening().port);
        draft.recipient_node = NodeKey(key_.public_key());
        draft.swarm = {sender};
        return {lab.parties.signed_by_user(std::move(draft)),
                {server_->listening()},
                {{"127.0.0.1", 1}, *swarm.listening()},
                nullptr,
                nullptr};
    }

private:
    SeededRandomness chance_;
    std::filesystem::path folder_;
    SigningKey key_;
    SwarmRoom room_;

public:
    FakeControlHost host;
    FakeSwarm swarm;
    std::unique_ptr<DiskBlobStore> store;

private:
    std::unique_ptr<ControlServer> server_;
};

struct SwarmLab {
    SwarmLab() = default;

    SwarmLab(SwarmLab const&) = delete;
    SwarmLab& operator=(SwarmLab const&) = delete;

    ~SwarmLab() {
        lab.io.restart();
        lab.io.poll();
    }

    SwarmDeliveryOrder order(std::vector<Node*> const& nodes) {
        SwarmDeliveryOrder order{.receivers = {},
                                 .file = lab.file_of(blob),
                                 .size = blob.size(),
                                 .layer = blob.tree.layer,
                                 .patience = std::chrono::milliseconds(1'500)};
        for (Node* const node : nodes)
            order.receivers.push_back(node->receiver(lab, blob, *seed.listening()));
        return order;
    }

    /// One result for each receiver, in their order.
    std::vector<Result<Delivered>> deliver_all(SwarmDeliveryOrder order) {
        std::vector<Result<Delivered>> results(order.receivers.size(), fail(Fault::io, "not told"));
        for (std::size_t i = 0; i < results.size(); ++i)
            order.receivers[i].settled = [this, &results, i](Result<Delivered> result) {
                results[i] = std::move(result);
                settled.push_back(i);
            };
        auto all = [](SwarmLab& its, SwarmDeliveryOrder what) -> asio::awaitable<bool> {
            co_await deliver_by_swarm(its.lab.alice.client, its.seed, its.lab.pool,
                                      std::move(what));
            co_return true;
        };
        CHECK(lab.await(all(*this, std::move(order))));
        return results;
    }

    /// As the node does with those who did not get it.
    Result<Delivered> go_on_directly(SwarmReceiver const& receiver) {
        DeliveryOrder order{receiver.offer, receiver.endpoints, lab.file_of(blob), blob.tree.layer,
                            nullptr};
        return lab.await(deliver(lab.alice.client, lab.pool, std::move(order)));
    }

    static ClientLimits quick() {
        ClientLimits limits;
        limits.handshake = std::chrono::milliseconds(1'000);
        return limits;
    }

    SampleBlob const blob = sample_blob(blob_bytes);
    std::vector<std::size_t> settled;  ///< receivers, in the order in which they were
    ControlLab lab{{}, quick()};
    FakeSwarmHub hub;
    FakeSwarm seed{lab.io, hub, {"127.0.0.1", 7474}};
    Node bob{lab, hub, 2};
    Node carol{lab, hub, 3};
    Node dave{lab, hub, 4};
};

}  // namespace

TEST_CASE("swarm delivery: all get it, whole and with receipts, and the sender sends it once") {
    SwarmLab lab;
    std::uint64_t told = 0;
    auto order = lab.order({&lab.bob, &lab.carol, &lab.dave});
    order.receivers[0].progress = [&told](std::uint64_t done) { told = done; };
    auto const offers = order.receivers;
    auto const results = lab.deliver_all(std::move(order));
    for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(results[i]);
        CHECK(results[i]->route == Route::swarm);
        CHECK(receipt_holds(results[i]->receipt, offers[i].offer));
    }
    CHECK(told == blob_bytes);
    for (Node* const node : {&lab.bob, &lab.carol, &lab.dave}) {
        check_whole(*node->store, lab.blob);
        CHECK(node->host.arrived.size() == 1);
    }
    CHECK(lab.seed.jobs() == 0);
}

TEST_CASE("swarm delivery: one that takes no part is left to the direct route") {
    SwarmLab lab;
    lab.dave.host.room = nullptr;
    auto order = lab.order({&lab.bob, &lab.dave, &lab.carol});
    auto const dave = order.receivers[1];
    auto const results = lab.deliver_all(std::move(order));
    CHECK(results[0]);
    CHECK(results[2]);
    REQUIRE_FALSE(results[1]);
    CHECK(results[1].error().fault == Fault::unavailable);
    CHECK(lab.go_on_directly(dave)->route == Route::direct);
    check_whole(*lab.dave.store, lab.blob);
}

TEST_CASE("swarm delivery: one alone is no swarm") {
    SwarmLab lab;
    auto order = lab.order({&lab.bob});
    auto const bob = order.receivers[0];
    CHECK_FALSE(lab.deliver_all(std::move(order))[0]);
    CHECK(lab.go_on_directly(bob)->route == Route::direct);
}

TEST_CASE("swarm delivery: who hears nothing there gets it directly, the others finish") {
    SwarmLab lab;
    lab.carol.swarm.stall();
    auto order = lab.order({&lab.bob, &lab.carol, &lab.dave});
    auto const carol = order.receivers[1];
    auto const results = lab.deliver_all(std::move(order));
    CHECK(results[0]);
    CHECK(results[2]);
    REQUIRE_FALSE(results[1]);
    // They are not told later for it.
    CHECK(lab.settled.back() == 1);
    CHECK(lab.go_on_directly(carol)->route == Route::direct);
    check_whole(*lab.carol.store, lab.blob);
}

TEST_CASE("swarm delivery: nobody waits for one who does not answer") {
    SwarmLab lab;
    asio::ip::tcp::acceptor const silent(lab.lab.io, {asio::ip::make_address("127.0.0.1"), 0});
    auto order = lab.order({&lab.carol, &lab.bob, &lab.dave});
    order.receivers[0].endpoints = {{"127.0.0.1", silent.local_endpoint().port()}};
    order.answer_patience = std::chrono::milliseconds(100);
    auto const results = lab.deliver_all(std::move(order));
    REQUIRE_FALSE(results[0]);
    CHECK(results[0].error().fault == Fault::timed_out);
    CHECK(results[1]);
    CHECK(results[2]);
    CHECK(lab.settled.back() == 0);
}

TEST_CASE("swarm delivery: a process that lies to its node harms nobody") {
    SwarmLab lab;
    LyingSwarm liar(lab.lab.io);
    lab.bob.use(liar);
    auto order = lab.order({&lab.bob, &lab.carol, &lab.dave});
    auto const bob = order.receivers[0];
    auto const results = lab.deliver_all(std::move(order));
    CHECK_FALSE(results[0]);
    CHECK(results[1]);
    CHECK(results[2]);
    CHECK(lab.bob.host.arrived.empty());
    CHECK(lab.bob.host.swarms_ended > 0);
    CHECK(lab.go_on_directly(bob)->route == Route::direct);
    check_whole(*lab.bob.store, lab.blob);
}

TEST_CASE("swarm delivery: what is held already is told at once") {
    SwarmLab lab;
    CHECK(lab.go_on_directly(lab.order({&lab.bob}).receivers[0]));
    auto const results = lab.deliver_all(lab.order({&lab.bob, &lab.carol, &lab.dave}));
    for (auto const& result : results)
        CHECK(result);
    CHECK(results[1]->route == Route::swarm);
}

TEST_CASE("swarm delivery: the sender's process dies, and the next one goes on") {
    SwarmLab lab;
    bool died = false;
    auto order = lab.order({&lab.bob, &lab.carol});
    lab.seed.on_start = [&] {
        if (std::exchange(died, true)) return;
        asio::post(lab.lab.io, [&] {
            lab.seed.go_away();
            lab.seed.come_back();
        });
    };
    auto const results = lab.deliver_all(std::move(order));
    CHECK(died);
    CHECK(results[0]);
    CHECK(results[1]);
}

TEST_CASE("swarm delivery: a receiver's process dies, and it is invited again") {
    SwarmLab lab;
    bool died = false;
    lab.bob.swarm.on_start = [&] {
        if (std::exchange(died, true)) return;
        asio::post(lab.lab.io, [&] {
            lab.bob.swarm.go_away();
            lab.bob.swarm.come_back();
        });
    };
    auto const results = lab.deliver_all(lab.order({&lab.bob, &lab.carol}));
    CHECK(died);
    CHECK(results[0]);
    CHECK(results[1]);
}

TEST_CASE("swarm delivery: who is invited again may begin anew, and slowly") {
    SwarmLab lab;
    RestartedSwarm restarted(lab.lab.io, lab.blob);
    restarted.on_death = [&] { std::filesystem::remove_all(lab.bob.swarm_folder()); };
    lab.bob.use(restarted);
    auto order = lab.order({&lab.bob, &lab.carol});
    std::uint64_t told = 0;
    order.receivers[0].progress = [&](std::uint64_t done) {
        CHECK(done >= told);
        told = done;
    };
    auto const results = lab.deliver_all(std::move(order));
    CHECK(results[0]);
    CHECK(told == blob_bytes);
    check_whole(*lab.bob.store, lab.blob);
}

TEST_CASE("swarm delivery: what a swarm that broke off has brought is not sent again") {
    constexpr std::uint64_t piece_bytes = 256 * 1024;
    SwarmLab lab;
    // The last one is short.
    BrokenSwarm broken(lab.lab.io, lab.blob, {7, 0, 4, 3, 9});
    std::uint64_t const lacking = 5 * piece_bytes;
    SUBCASE("as its process died") {
        broken.fails = true;
    }
    SUBCASE("as nobody sent more") {}
    lab.bob.use(broken);
    auto order = lab.order({&lab.bob, &lab.carol, &lab.dave});
    auto const bob = order.receivers[0];
    CHECK_FALSE(lab.deliver_all(std::move(order))[0]);
    CHECK(lab.lab.alice.client.sent_bytes() == 0);
    REQUIRE(lab.go_on_directly(bob));
    check_whole(*lab.bob.store, lab.blob);
    CHECK(lab.lab.alice.client.sent_bytes() == lacking);
    CHECK_FALSE(SwarmFile::exists(lab.bob.swarm_folder(), lab.blob.id()));
}

TEST_CASE("swarm delivery: a sender that was killed goes on under its next offer") {
    SwarmLab lab;
    BrokenSwarm broken(lab.lab.io, lab.blob, {7, 0, 4, 3});
    lab.bob.use(broken);
    ControlClient& alice = lab.lab.alice.client;
    auto const first = lab.bob.receiver(lab.lab, lab.blob, *lab.seed.listening());
    Peer const bob{first.offer.recipient_node, first.endpoints};
    REQUIRE(lab.lab.await(alice.offer(bob, first.offer, std::nullopt)));
    auto const begun =
        lab.lab.await(alice.put_swarm(bob, lab.blob.id(), {lab.blob.tree.layer, {}, {0, 2}}));
    CHECK(std::get<OfferProgress>(*begun).action == OfferAction::swarm);
    // Nobody asks any more how far it is.
    auto const next = lab.bob.receiver(lab.lab, lab.blob, *lab.seed.listening());
    REQUIRE(lab.go_on_directly(next));
    check_whole(*lab.bob.store, lab.blob);
    CHECK(alice.sent_bytes() == lab.blob.size() - 4 * 256 * 1024);
    CHECK(lab.bob.host.swarms_ended == 1);
}

TEST_CASE("swarm delivery: what came directly after a swarm does not come again by the next one") {
    constexpr std::uint64_t piece_bytes = 256 * 1024;
    SwarmLab lab;
    BrokenSwarm broken(lab.lab.io, lab.blob, {7, 0, 4});
    lab.bob.use(broken);
    ControlClient& alice = lab.lab.alice.client;
    auto const first = lab.bob.receiver(lab.lab, lab.blob, *lab.seed.listening());
    Peer const bob{first.offer.recipient_node, first.endpoints};
    REQUIRE(lab.lab.await(alice.offer(bob, first.offer, std::nullopt)));
    REQUIRE(lab.lab.await(alice.put_swarm(bob, lab.blob.id(), {lab.blob.tree.layer, {}, {0, 2}})));
    auto const wanted = lab.lab.await(alice.put_layer(bob, lab.blob.id(), lab.blob.tree.layer));
    CHECK(std::get<OfferProgress>(*wanted) ==
          OfferProgress{OfferAction::put,
                        piece_bytes,
                        4 * piece_bytes,
                        {{5 * piece_bytes, 7 * piece_bytes}, {8 * piece_bytes, lab.blob.size()}}});
    ControlClient::BlobPut put{lab.blob.id(),   lab.lab.file_of(lab.blob), piece_bytes,
                               3 * piece_bytes, lab.blob.size(),           nullptr};
    REQUIRE(lab.lab.await(alice.put_blob(bob, std::move(put))));
    lab.bob.use(lab.bob.swarm);
    REQUIRE(lab.deliver_all(lab.order({&lab.bob, &lab.carol}))[0]);
    check_whole(*lab.bob.store, lab.blob);
    CHECK(lab.bob.swarm.traffic().received == lab.blob.size() - 5 * piece_bytes);
    // Others may have got from bob what came to him directly.
    CHECK(lab.carol.swarm.traffic().received == lab.blob.size());
}

TEST_CASE("swarm delivery: while what was left is looked through, the sender hears how far it is") {
    constexpr std::uint64_t piece_bytes = 256 * 1024;
    SwarmLab lab;
    Node erin(lab.lab, lab.hub, 5, std::chrono::milliseconds(50));
    {
        auto const left = SwarmFile::open(erin.swarm_folder(), lab.blob.id(), lab.blob.size(),
                                          lab.blob.tree.layer);
        REQUIRE(left);
        auto const two = lab.blob.from(2 * piece_bytes).first(2 * piece_bytes);
        REQUIRE(write_all_at((*left)->for_writing()->get(), two, 2 * piece_bytes));
    }
    ControlClient& alice = lab.lab.alice.client;
    auto const receiver = erin.receiver(lab.lab, lab.blob, *lab.seed.listening());
    Peer const peer{receiver.offer.recipient_node, receiver.endpoints};
    REQUIRE(lab.lab.await(alice.offer(peer, receiver.offer, std::nullopt)));
    // All workers are busy: as with a file that takes minutes.
    std::promise<void> gate;
    auto const opened = gate.get_future().share();
    for (int i = 0; i < 2; ++i)
        lab.lab.pool.run(
            [opened] {
                opened.wait();
                return true;
            },
            [](bool) {});
    auto const invited =
        lab.lab.await(alice.put_swarm(peer, lab.blob.id(), {lab.blob.tree.layer, {}, {0, 2}}));
    auto const have = [&] {
        auto const told = lab.lab.await(alice.ask_swarm(peer, lab.blob.id()));
        auto const* const progress = told ? std::get_if<OfferProgress>(&*told) : nullptr;
        CHECK((progress != nullptr && progress->action == OfferAction::swarm));
        return progress == nullptr ? 0 : progress->have;
    };
    bool const answered = invited.has_value();
    std::uint64_t const before = answered ? have() : 0;
    std::size_t const jobs = erin.swarm.jobs();
    gate.set_value();
    REQUIRE(answered);
    CHECK(std::get<OfferProgress>(*invited) == OfferProgress{OfferAction::swarm, 0});
    CHECK(before == 0);
    CHECK(jobs == 0);
    while (erin.swarm.jobs() == 0)
        REQUIRE(have() <= 2 * piece_bytes);
    CHECK(have() == 2 * piece_bytes);
}
