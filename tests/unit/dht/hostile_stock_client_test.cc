// What a stock OpenDHT client from Debian (DhtRunner) does to stock nodes, done to ours: values
// that are signed and then are not crash those, values that grow hang them, squatters keep owners
// out.
#include "dht/record_policy.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/stock_runner.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

class Eve {
public:
    explicit Eve(LoopbackNetwork& network)
        : io_(network.io)
        , runner_(network.id, network.endpoints()) {
        run_until(
            io_, [&] { return runner_.good_nodes() >= 8; }, far_too_long);
    }

    void put(RecordPlace const& place, std::uint16_t type, Bytes const& bytes,
             StockRunner::Signed how = StockRunner::Signed::no) {
        runner_.put(place, type, bytes, how);
        run_until(
            io_, [&] { return runner_.unfinished() == 0; }, far_too_long);
    }

private:
    asio::io_context& io_;
    StockRunner runner_;
};

bool finds(LoopbackNetwork& network, std::size_t reader, RecordEnvelope const& record) {
    FetchRequest const request{place_of(record), {}, Source::anywhere, 10s};
    auto const found = fetch_on(network.io, network.at(reader), request);
    return found && *found == record;
}

constexpr std::uint16_t storage_type = value_type(RecordKind::storage);
constexpr std::uint16_t presence_type = value_type(RecordKind::presence);

}  // namespace

TEST_CASE("hostile stock client: every slot is squatted before its owner comes") {
    LoopbackNetwork network(10);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    Eve eve(network);
    auto const records = {bob.storage(), bob.own_storage(), bob.presence()};
    for (auto const& record : records) {
        auto const squat = encode_record(record).size();
        for (std::uint16_t const type :
             {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{8},
              std::uint16_t{0x5a03}, std::uint16_t{0xffff}, presence_type, storage_type})
            eve.put(place_of(record), type, Bytes(squat, 0x7f));
    }
    CHECK(network.copies() == 0);
    for (auto const& record : records) {
        CAPTURE(static_cast<int>(record.kind));
        REQUIRE(put_on(network.io, network.at(2), record));
        for (std::size_t const reader : {0U, 2U, 9U})
            CHECK(finds(network, reader, record));
    }
    CHECK(network.copies() >= 3 * 7);
}

TEST_CASE("hostile stock client: a value that is signed and then is not crashes nobody") {
    LoopbackNetwork network(10);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    StorageUser victim("victim@b.test", network.clock.unix_seconds());
    auto const record = bob.storage();
    REQUIRE(put_on(network.io, network.at(2), record));
    auto const copies = network.copies();
    Eve eve(network);
    auto place = place_of(victim.storage());
    for (std::uint16_t const type : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{3},
                                     std::uint16_t{8}, storage_type, presence_type}) {
        CAPTURE(type);
        ++place.slot;
        // A record that is true but for OpenDHT's own signature is no record of ours either.
        Bytes const bytes =
            type == storage_type ? encode_record(victim.storage()) : Bytes(100, 0x7f);
        auto const where = type == storage_type ? place_of(victim.storage()) : place;
        eve.put(where, type, bytes, StockRunner::Signed::by_its_own_key);
        CHECK(network.copies() == copies);
        eve.put(where, type, Bytes(100, 0x7e));
    }
    CHECK(network.copies() == copies);
    for (std::size_t reader = 0; reader < network.size(); ++reader)
        CHECK(finds(network, reader, record));  // each of them lives
}

TEST_CASE("hostile stock client: edits that grow hang nobody, nor does a full store") {
    LoopbackNetwork network;
    constexpr std::size_t room = 20;
    for (int i = 0; i < 10; ++i) {
        auto options = network.options();
        options.store_bytes = room * limits::storage_record_bytes;
        network.add(options);
    }
    network.settle();
    auto const now = network.clock.unix_seconds();
    StorageUser bob("bob@b.test", now);
    auto const before = bob.storage(500);
    REQUIRE(put_on(network.io, network.at(1), before));
    Eve eve(network);
    for (std::size_t size = 100; size <= 1'200; size += 100)
        eve.put(place_of(before), storage_type, Bytes(size, 0x7f));
    for (std::size_t reader = 0; reader < network.size(); ++reader)
        CHECK(finds(network, reader, before));  // none of them took an edit
    // Her own records, edited as is her right, in more slots than there is room for.
    for (std::size_t i = 0; i < 2 * room; ++i) {
        StorageUser user("eve" + std::to_string(i) + "@e.test", now);
        for (auto const& record : {user.storage(500), user.storage(400)})
            eve.put(place_of(record), storage_type, encode_record(record));
    }
    // The stores were full for a time; those who came last are served.
    auto const newer = bob.storage(100);
    REQUIRE(put_on(network.io, network.at(1), newer));
    for (std::size_t reader = 0; reader < network.size(); ++reader) {
        CAPTURE(reader);
        CHECK(network.at(reader).stats().stored_values <= room);
        CHECK(finds(network, reader, newer));
    }
}
