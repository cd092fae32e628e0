// The real DHT on loopback, 16 nodes in this process.
#include "dht/opendht_location_service.h"

#include "dht/inbox.h"
#include "dht/node_state.h"
#include "dht/notice_board.h"
#include "src/base/atomic_file.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

TEST_CASE("opendht: keeps the contract") {
    LoopbackNetwork network(2);
    LocationPair const pair{network.io, network.at(0), network.at(1), network.clock.unix_seconds()};
    SUBCASE("put and fetch") {
        location_service_contract(pair);
    }
    SUBCASE("collect") {
        collect_contract(pair);
    }
    SUBCASE("watch") {
        watch_contract(pair);
    }
}

TEST_CASE("opendht: a lone node keeps its records, and others find them once they come") {
    LoopbackNetwork network(1);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    auto const record = bob.storage();
    auto const put = put_on(network.io, network.at(0), record);
    REQUIRE(put);
    CHECK(put->neighbours == 0);
    FetchRequest const request{place_of(record), {}, Source::anywhere, 5s};
    CHECK(fetch_on(network.io, network.at(0), request));
    FetchRequest absent = request;
    absent.place.slot ^= 2;
    CHECK(fetch_on(network.io, network.at(0), absent).error().fault == Fault::not_found);
    network.add();
    CHECK(fetch_on(network.io, network.at(1), request));
}

TEST_CASE("opendht: with nobody there, that is what a node says") {
    LoopbackNetwork network;
    auto options = network.options();
    options.bootstrap.push_back({"127.0.0.1", 9});  // nobody listens there
    auto& node = network.add(options);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    FetchRequest const request{place_of(bob.storage()), {}, Source::anywhere, 300ms};
    auto const found = fetch_on(network.io, node, request);
    REQUIRE_FALSE(found);
    CHECK(worth_retrying(found.error().fault));
    CHECK(put_on(network.io, node, bob.storage()).error().fault == Fault::unavailable);
    CHECK_FALSE(node.stats().joined);
}

TEST_CASE("opendht: a port that is taken is told") {
    LoopbackNetwork network(1);
    auto options = network.options();
    options.listen = network.at(0).listening();
    auto const second = OpendhtLocationService::start(network.io, options, network.clock,
                                                      network.randomness, network.log);
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::config);
    options.listen = {"not an address", 0};
    CHECK_FALSE(OpendhtLocationService::start(network.io, options, network.clock,
                                              network.randomness, network.log));
}

TEST_CASE("opendht: nodes of other networks are not met") {
    LoopbackNetwork network(1);
    auto options = network.options();
    options.network = unused_network();
    auto& stranger = network.add(options);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    FetchRequest const request{place_of(bob.storage()), {}, Source::anywhere, 500ms};
    CHECK(worth_retrying(fetch_on(network.io, stranger, request).error().fault));
    CHECK(stranger.stats().good_nodes == 0);
}

TEST_CASE("opendht: whether a node answers at an endpoint") {
    LoopbackNetwork network(2);
    auto const answers = [&](Endpoint const& peer) {
        return await_on(network.io, network.at(0).answers(peer));
    };
    CHECK(answers(network.at(1).listening()));
    Endpoint const gone = network.at(1).listening();
    network.at(1).stop();
    CHECK_FALSE(answers(gone));
    network.at(0).stop();
    CHECK_FALSE(answers(gone));
}

TEST_CASE("opendht: 16 nodes: publish, find, update, lose a third of them") {
    LoopbackNetwork network(16);
    auto const now = network.clock.unix_seconds();
    auto const found_by = [&](std::size_t reader, RecordEnvelope const& record) {
        FetchRequest const request{place_of(record), {}, Source::anywhere, 10s};
        auto const found = fetch_on(network.io, network.at(reader), request);
        return found && *found == record;
    };
    std::vector<RecordEnvelope> records;
    for (std::size_t i = 0; i < 6; ++i) {
        CAPTURE(i);
        StorageUser user("user" + std::to_string(i) + "@b.test", now);
        auto const record = user.storage();
        auto const put = put_on(network.io, network.at(i), record);
        REQUIRE(put);
        CHECK(put->neighbours >= 8);
        // Present, and then gone: the tombstone reaches also who stores the old presence.
        auto const present = user.presence(true, 500);
        auto const gone = user.presence(false, 100);
        REQUIRE(put_on(network.io, network.at(i), present));
        for (std::size_t const reader : {6U, 11U, 15U}) {
            CHECK(found_by(reader, record));
            CHECK(found_by(reader, present));
        }
        REQUIRE(put_on(network.io, network.at(i), gone));
        for (std::size_t const reader : {6U, 7U, 14U})
            CHECK(found_by(reader, gone));
        records.push_back(record);
    }
    // Publishers among them go without a word.
    for (std::size_t const dead : {0U, 3U, 5U, 9U, 13U})
        network.at(dead).stop();
    for (auto const& record : records)
        for (std::size_t const reader : {6U, 11U, 15U})
            CHECK(found_by(reader, record));
}

TEST_CASE("opendht: 16 nodes: a key with many slots is collected from those who hold them") {
    LoopbackNetwork network(16);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    std::size_t const slots = 40;
    for (std::size_t i = 0; i < slots; ++i)
        REQUIRE(put_on(network.io, network.at(i % 16),
                       squatter(bob, "user" + std::to_string(i) + "@e.test")));
    for (std::size_t const reader : {0U, 7U, 15U}) {
        auto const found = collect_on(network.io, network.at(reader),
                                      {bob.locator.key, RecordKind::storage, 256, 10s});
        REQUIRE(found);
        CHECK(found->size() == slots);
    }
}

TEST_CASE("opendht: 16 nodes: notices reach an inbox that listens, and one that starts later") {
    LoopbackNetwork network(16);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    WorkerPool workers(network.io, 1);
    NoticeBoard board(network.io, network.at(3), workers, network.clock, network.randomness,
                      network.log);
    std::vector<PullNotice> told;
    auto const open = [&](std::size_t at) {
        return std::make_unique<Inbox>(
            network.io, network.at(at), bob.node_key.copy(), network.clock,
            [&](PullNotice notice) { told.push_back(std::move(notice)); }, InboxOptions{100ms, 1s});
    };
    auto inbox = open(9);
    double slowest = 0;
    for (unsigned i = 0; i < 3; ++i) {
        auto const began = std::chrono::steady_clock::now();
        REQUIRE(board.announce(bob.node, notice_of(bob.now, i)));
        run_until(network.io, [&] { return told.size() == i + 1; });
        std::chrono::duration<double, std::milli> const took =
            std::chrono::steady_clock::now() - began;
        slowest = std::max(slowest, took.count());
        CHECK(told.back() == notice_of(bob.now, i));
    }
    MESSAGE("slowest of 3 notices, ms: " << slowest);
    // Each went to eight nodes, some of which told the inbox: once is enough.
    inbox.reset();
    told.clear();
    inbox = open(12);
    run_until(network.io, [&] { return told.size() == 3; });
}

TEST_CASE("opendht: a node comes back by its state file, without bootstrap") {
    TempFolder folder;
    LoopbackNetwork network(4);
    auto options = network.options();
    options.state_file = folder / "dht.state";
    auto& first = network.add(options);
    run_until(network.io, [&] { return first.stats().joined && first.stats().good_nodes >= 3; });
    first.stop();
    options.bootstrap.clear();
    auto& again = network.add(options);
    run_until(network.io, [&] { return again.stats().joined && again.stats().good_nodes >= 3; });
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    REQUIRE(put_on(network.io, network.at(2), bob.storage()));
    FetchRequest const request{place_of(bob.storage()), {}, Source::anywhere, 5s};
    CHECK(fetch_on(network.io, again, request));
}

TEST_CASE("opendht: who reaches nobody does not ask without end, and is back at once") {
    TempFolder folder;
    LoopbackNetwork network(4);
    auto options = network.options();
    options.state_file = folder / "dht.state";
    auto& first = network.add(options);
    run_until(network.io, [&] { return first.stats().joined && first.stats().good_nodes >= 3; });
    first.stop();
    options.bootstrap.clear();
    auto& again = network.add(options);
    auto const port = again.listening().port;
    network.path.cut_off({port});
    auto const end = std::chrono::steady_clock::now() + 6s;
    run_until(network.io, [&] { return std::chrono::steady_clock::now() >= end; });
    auto const asked = network.path.sent_by(port).requests;
    MESSAGE("requests in 6 s: " << asked);
    CHECK(asked < 400);  // each of the four called every second, each call tried three times
    network.path.heal();
    run_until(network.io, [&] { return again.stats().joined && again.stats().good_nodes >= 3; });
}

TEST_CASE("opendht: a damaged state file is told and passed over") {
    TempFolder folder;
    auto const file = folder / "dht.state";
    REQUIRE(write_atomically(file, bytes_of("garbage")));
    LoopbackNetwork network(1);
    auto options = network.options();
    options.state_file = file;
    EventLog const quiet(STDERR_FILENO, EventLog::Level::error);
    auto node = OpendhtLocationService::start(network.io, options, network.clock,
                                              network.randomness, quiet);
    REQUIRE(node);
    run_until(network.io, [&] { return (*node)->stats().good_nodes > 0; });
    (*node)->stop();
    CHECK(parse_node_state(text_of(*read_whole_file(file, 10'000))));
}

TEST_CASE("opendht: an IPv6 node finds its like") {
    LoopbackNetwork network;
    auto options = network.options();
    options.listen = {"::1", 0};
    auto const refused = OpendhtLocationService::start(network.io, options, network.clock,
                                                       network.randomness, network.log);
    if (!refused) {
        MESSAGE("no IPv6 here, skipped: " << refused.error().what);
        return;
    }
    auto& first = network.add(options);
    options.bootstrap = {first.listening()};
    auto& second = network.add(options);
    run_until(network.io, [&] { return second.stats().joined && second.stats().good_nodes > 0; });
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    REQUIRE(put_on(network.io, second, bob.storage()));
    FetchRequest const request{place_of(bob.storage()), {}, Source::anywhere, 5s};
    CHECK(fetch_on(network.io, first, request));
}
