// What a stranger with a stock OpenDHT client can do to us: nothing.
#include <sys/socket.h>

#include "dht/inbox.h"
#include "dht/record_policy.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/stock_dht_node.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

class Attacker {
public:
    explicit Attacker(LoopbackNetwork& network, std::optional<DhtKey> id = std::nullopt,
                      std::string const& ip = "127.0.0.1")
        : io_(network.io)
        , node_(network.io, {network.id, network.endpoints(), id, network.path.fate(), false, ip}) {
        run_until(
            io_, [&] { return node_.good_nodes() >= 8; }, far_too_long);
    }

    /// Puts and waits until OpenDHT says that it is through.
    void put(RecordPlace const& place, std::uint16_t type, Bytes const& bytes,
             std::string user_type = "") {
        node_.put(place, {type, bytes, std::move(user_type)});
        run_until(
            io_, [&] { return node_.unfinished() == 0; }, far_too_long);
    }

private:
    asio::io_context& io_;
    StockDhtNode node_;
};

bool finds(LoopbackNetwork& network, std::size_t reader, RecordEnvelope const& record) {
    FetchRequest const request{place_of(record), {}, Source::anywhere, 10s};
    auto const found = fetch_on(network.io, network.at(reader), request);
    return found && *found == record;
}

}  // namespace

TEST_CASE("opendht attack: junk is stored by nobody and keeps nobody from finding a record") {
    LoopbackNetwork network(12);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    StorageUser eve("eve@e.test", network.clock.unix_seconds());
    auto const record = bob.storage(500);
    auto const place = place_of(record);
    Attacker attacker(network);

    // First come: the attacker squats on the slot before bob has it.
    Bytes const junk(limits::storage_record_bytes, 0x7f);
    attacker.put(place, value_type(RecordKind::storage), junk);
    attacker.put(place, 0, junk);
    attacker.put(place, 3, Bytes(100, 1));
    attacker.put(place, 0xffff, Bytes(100, 1));
    CHECK(network.copies() == 0);
    REQUIRE(put_on(network.io, network.at(1), record));
    std::size_t const copies = network.copies();
    CHECK(copies >= 8);

    // A valid record, but signed or typed by OpenDHT's own rules, or edited wrongly.
    auto forged = record;
    forged.seq += 1;  // newer, if it were signed
    attacker.put(place, value_type(RecordKind::storage), encode_record(forged));
    attacker.put(place, value_type(RecordKind::storage), junk);
    attacker.put(place, value_type(RecordKind::presence), encode_record(record));
    attacker.put(place, 0, junk);
    attacker.put(place, value_type(RecordKind::storage), encode_record(bob.storage(100)),
                 "text/html");
    attacker.put(place_of(eve.storage()), value_type(RecordKind::storage),
                 encode_record(bob.storage(100)));
    for (std::size_t const reader : {0U, 5U, 11U})
        CHECK(finds(network, reader, record));

    // 300 values on bob's key: each in a slot that its sender invents.
    for (unsigned i = 0; i < 300; ++i) {
        auto elsewhere = place;
        elsewhere.slot = 1000 + i;
        attacker.put(elsewhere, value_type(RecordKind::storage), junk);
    }
    CHECK(network.copies() == copies);
    for (std::size_t const reader : {0U, 5U, 11U})
        CHECK(finds(network, reader, record));

    // Bob still owns his slot, and an old record of his does not come back.
    auto const newer = bob.storage(50);
    REQUIRE(put_on(network.io, network.at(1), newer));
    attacker.put(place, value_type(RecordKind::storage), encode_record(record));
    for (std::size_t const reader : {0U, 5U, 11U})
        CHECK(finds(network, reader, newer));
}

TEST_CASE(
    "opendht attack: pull notices without proof are stored by nobody, a flood has its share") {
    LoopbackNetwork network;
    network.counts_loopback = true;
    for (int i = 0; i < 12; ++i)
        network.add();
    network.settle();
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    auto const type = value_type(RecordKind::pull_notice);
    auto const genuine = sample_notice(bob, 1);
    auto const place = place_of(genuine);
    auto beside = place.key;
    beside.bytes.back() = static_cast<Byte>(beside.bytes.back() ^ 1U);
    Attacker attacker(network, beside, "127.0.0.2");  // another source than the nodes'

    // What it holds itself lies in the very slot of a notice that is still to come.
    attacker.put(place, 0, Bytes(100, 1));
    attacker.put(place, type, Bytes(limits::pull_notice_bytes, 0x7f));
    for (unsigned i = 0; i < 20; ++i) {
        auto idle = sample_notice(bob, 1);
        idle.slot_epoch += i + 1;
        if (work_proof_holds(idle)) continue;
        SeededRandomness chance("notice 1");
        idle.signature = sign_record(idle, SigningKey::generate(chance));
        attacker.put(place, type, encode_record(idle));
    }
    CHECK(network.copies() == 0);

    constexpr std::size_t flood = 300;
    for (unsigned i = 100; i < 100 + flood; ++i) {
        auto const junk = sample_notice(bob, i);
        attacker.put(place_of(junk), type, encode_record(junk));
    }
    CHECK(network.copies() > 0);
    CHECK(network.copies() <= 12 * limits::notices_per_source);

    // The attacker's own node serves all that it has, and before anybody else has anything.
    auto const notice = notice_of(bob.now, 1);
    std::vector<PullNotice> told;
    Inbox const inbox(network.io, network.at(5), bob.node_key.copy(), network.clock,
                      [&](PullNotice one) { told.push_back(std::move(one)); }, {100ms, 1s});
    run_until(
        network.io, [&] { return told.size() == flood; }, far_too_long);
    REQUIRE(put_on(network.io, network.at(1), genuine));
    run_until(
        network.io, [&] { return std::count(told.begin(), told.end(), notice) == 1; },
        far_too_long);
}

TEST_CASE("opendht attack: noise on the port is survived") {
    LoopbackNetwork network(2);
    asio::ip::udp::socket noise(network.io, asio::ip::udp::v4());
    auto const target = network.at(0).listening();
    asio::ip::udp::endpoint const to(asio::ip::make_address(target.ip), target.port);
    SeededRandomness chance("noise");
    for (std::size_t size = 0; size < 1200; size += 3) {
        Bytes datagram(size);
        chance.fill(datagram);
        if (size % 2) datagram[0] = 0x86;  // a map, as OpenDHT's messages begin
        noise.send_to(asio::buffer(datagram), to);
        if (size % 60 == 0) network.io.poll();
    }
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    auto const record = bob.storage();
    REQUIRE(put_on(network.io, network.at(0), record));
    CHECK(finds(network, 1, record));
}
