// A network that loses nodes, falls apart and comes together again, and nodes whose clocks are off.
#include "dht/record_policy.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

bool finds(LoopbackNetwork& network, std::size_t reader, RecordEnvelope const& record) {
    FetchRequest const request{place_of(record), {}, Source::anywhere, 10s};
    auto const found = fetch_on(network.io, network.at(reader), request);
    return found && *found == record;
}

/// Until all nodes from `first` to before `last` have between `least` and `most` good neighbours.
/// They ask for what nobody has meanwhile, so that they notice who is there.
void until_neighbours(LoopbackNetwork& network, std::size_t first, std::size_t last, unsigned least,
                      unsigned most) {
    std::size_t asking = first;
    auto const holds = [&](std::size_t node) {
        auto const good = network.at(node).stats().good_nodes;
        return good >= least && good <= most;
    };
    auto const deadline = std::chrono::steady_clock::now() + 40s;
    while (asking < last) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        if (holds(asking)) {
            ++asking;
            continue;
        }
        RecordPlace nowhere;
        network.randomness.fill(nowhere.key.bytes);
        nowhere.slot = 1;
        FetchRequest const request{nowhere, {}, Source::network, 300ms};
        static_cast<void>(fetch_on(network.io, network.at(asking), request));
    }
}

}  // namespace

TEST_CASE("hostile churn: 30 % of the nodes go without a word, the bootstrap node among them") {
    TempFolder folder;
    LoopbackNetwork network(18);
    auto const now = network.clock.unix_seconds();
    auto remembering = network.options();
    remembering.state_file = folder / "dht.state";
    network.add(remembering);
    network.add();
    network.settle();
    std::vector<RecordEnvelope> records;
    for (std::size_t i = 0; i < 10; ++i) {
        StorageUser user("user" + std::to_string(i) + "@b.test", now);
        records.push_back(user.storage());
        REQUIRE(put_on(network.io, network.at(i), records.back()));  // half of them by those who go
    }
    for (std::size_t const dead : {0U, 2U, 4U, 9U, 12U, 18U})
        network.at(dead).stop();
    for (auto const& record : records)
        for (std::size_t const reader : {1U, 8U, 19U})
            CHECK(finds(network, reader, record));

    // One of the dead comes back; its bootstrap node does not.
    auto& again = network.add(remembering);
    run_until(network.io, [&] { return again.stats().joined; });
    for (auto const& record : records)
        CHECK(finds(network, network.size() - 1, record));
}

TEST_CASE("hostile churn: a network that was cut in two comes together, and so do its records") {
    constexpr std::size_t half = 6;
    LoopbackNetwork network(2 * half);
    auto const now = network.clock.unix_seconds();
    StorageUser ann("ann@a.test", now);
    StorageUser bob("bob@b.test", now);
    auto const before = ann.storage(500);
    REQUIRE(put_on(network.io, network.at(0), before));

    std::set<DatagramPath::Port> island;
    for (std::size_t i = half; i < 2 * half; ++i)
        island.insert(network.at(i).listening().port);
    network.path.cut_off(island);
    until_neighbours(network, 0, 2 * half, 1, half - 1);
    // Each side goes on with what it has, and takes new records.
    auto const here = ann.storage(100);
    auto const there = bob.storage();
    REQUIRE(put_on(network.io, network.at(0), here));
    REQUIRE(put_on(network.io, network.at(half), there));
    CHECK(finds(network, 1, here));
    CHECK(finds(network, half + 1, before));
    CHECK(finds(network, half + 2, there));
    CHECK_FALSE(finds(network, 2, there));

    network.path.heal();
    until_neighbours(network, 0, 2 * half, half + 2, 2 * half);
    for (std::size_t reader = 0; reader < network.size(); ++reader) {
        CAPTURE(reader);
        CHECK(finds(network, reader, here));  // the newer of the two that lay in its slot
        CHECK(finds(network, reader, there));
    }
}

TEST_CASE("hostile churn: a clock may be two minutes off") {
    constexpr std::uint64_t true_time = 1'800'000'000;
    FakeClock clock(true_time);
    LoopbackNetwork network;
    for (int i = 0; i < 9; ++i)
        network.add(network.options(), clock);

    struct Row {
        int seconds_off;
        bool storage_is_read;   ///< what the node publishes, by the others
        bool presence_is_read;  ///< likewise
        bool reads_storage;     ///< what the others publish
        bool reads_presence;
    };

    // A presence lives for two minutes, so a clock that is late makes it short.
    std::vector<Row> const rows{{-119, true, true, true, true},
                                {119, true, true, true, true},
                                {-121, true, false, false, false},
                                {121, false, false, true, false}};
    std::vector<std::unique_ptr<FakeClock>> clocks;
    for (Row const& row : rows) {
        clocks.push_back(std::make_unique<FakeClock>(
            static_cast<std::uint64_t>(static_cast<std::int64_t>(true_time) + row.seconds_off)));
        network.add(network.options(), *clocks.back());
    }
    network.settle();
    StorageUser bob("bob@b.test", true_time);
    auto const storage = bob.storage();
    auto const presence = bob.presence();
    REQUIRE(put_on(network.io, network.at(0), storage));
    REQUIRE(put_on(network.io, network.at(0), presence));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Row const& row = rows[i];
        CAPTURE(row.seconds_off);
        auto const odd = 9 + i;
        StorageUser ann("ann" + std::to_string(i) + "@a.test", clocks[i]->unix_seconds());
        auto const anns_storage = ann.storage();
        auto const anns_presence = ann.presence();
        REQUIRE(put_on(network.io, network.at(odd), anns_storage));
        REQUIRE(put_on(network.io, network.at(odd), anns_presence));
        for (std::size_t const reader : {0U, 8U}) {
            CHECK(finds(network, reader, anns_storage) == row.storage_is_read);
            CHECK(finds(network, reader, anns_presence) == row.presence_is_read);
        }
        CHECK(finds(network, odd, storage) == row.reads_storage);
        CHECK(finds(network, odd, presence) == row.reads_presence);
    }
}
