// Records that a stranger's node puts where they do not belong, and a flood of junk beside a
// record.
#include "dht/record_policy.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/stock_dht_node.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

Bytes bent(Bytes bytes, std::size_t at) {
    bytes[at] = static_cast<Byte>(bytes[at] ^ 1U);
    return bytes;
}

/// The same envelope with its version as msgpack's uint 8: one byte more, cut from the body's end.
Bytes not_canonical(RecordEnvelope record) {
    record.sealed_body.pop_back();
    auto bytes = encode_record(record);
    bytes[1] = 0xcc;
    bytes.insert(bytes.begin() + 2, 0x01);
    return bytes;
}

/// What no node may store: at which place, as which type, what.
struct Hostile {
    char const* why;
    RecordPlace place;
    Bytes bytes;
};

std::vector<Hostile> hostile_records(StorageUser& bob, StorageUser& eve) {
    auto const record = bob.storage(500);
    auto const place = place_of(record);
    auto const bytes = encode_record(record);

    auto forged = bob.draft();  // eve signs for bob's slot, with a proof of her own
    forged.signer = eve.user;
    forged.slot_proof = sign_slot(eve.domain_key, forged.dht_key, forged.signer, forged.slot_epoch,
                                  forged.slot_expires);
    auto const body = encode_storage_record(bob.record());
    auto const forgery = *seal_record(forged, *body, bob.locator.seal, eve.user_key, eve.chance);

    auto expired = bob.draft();
    expired.issued = bob.now - limits::storage_record_lifetime_seconds;
    expired.seq = expired.issued * 1000;
    expired.expires = bob.now;
    auto future = bob.draft();
    future.issued = bob.now + limits::clock_skew_seconds + 60;
    future.expires = future.issued + 1000;
    future.seq = future.issued * 1000;

    auto elsewhere = place;
    elsewhere.key = eve.locator.key;
    auto eves_at_bobs = place_of(eve.storage());
    eves_at_bobs.key = bob.locator.key;
    auto foreign_presence = place_of(eve.presence());
    foreign_presence.key = presence_key(bob.node);
    Bytes larger = bytes;
    larger.push_back(0);
    return {
        {"forged: a stranger's proof and signature", place, encode_record(forgery)},
        {"forged: a bent signature", place, bent(bytes, bytes.size() - 1)},
        {"forged: a bent body", place, bent(bytes, bytes.size() - 200)},
        {"expired", place, encode_record(bob.sealed(expired, bob.record()))},
        {"from the future", place, encode_record(bob.sealed(future, bob.record()))},
        {"bob's record at eve's key", elsewhere, bytes},
        {"eve's record at bob's key", eves_at_bobs, encode_record(eve.storage())},
        {"eve's presence at bob's node's key", foreign_presence, encode_record(eve.presence())},
        {"one byte too long", place, larger},
        {"8 KiB", place, Bytes(8 * 1024, 0x7f)},
        {"60 KiB", place, Bytes(60 * 1024, 0x7f)},
        {"not canonical", place, not_canonical(record)},
        {"cut short", place, Bytes(bytes.begin(), bytes.end() - 1)},
        {"empty", place, {}},
    };
}

/// Requests that a fetch of `record` by a node costs; -1 where it did not find it.
int requests_to_find(LoopbackNetwork& network, std::size_t reader, RecordEnvelope const& record) {
    auto const port = network.at(reader).listening().port;
    auto const before = network.path.sent_by(port);
    FetchRequest const request{place_of(record), {}, Source::anywhere, 10s};
    auto const found = fetch_on(network.io, network.at(reader), request);
    if (!found || *found != record) return -1;
    return static_cast<int>((network.path.sent_by(port) - before).requests);
}

/// What a clever attacker calls itself: nobody is closer to the key.
DhtKey beside(DhtKey key) {
    key.bytes.back() = static_cast<Byte>(key.bytes.back() ^ 1U);
    return key;
}

void wait_for(LoopbackNetwork& network, StockDhtNode& attacker) {
    run_until(
        network.io, [&] { return attacker.unfinished() == 0; }, 30s);
}

}  // namespace

TEST_CASE("hostile records: none is stored, none is read, and the true one stays") {
    LoopbackNetwork network(10);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    StorageUser eve("eve@e.test", network.clock.unix_seconds());
    auto const records = hostile_records(bob, eve);
    StockDhtNode attacker(network.io, {network.id, network.endpoints(), beside(bob.locator.key),
                                       network.path.fate()});
    run_until(
        network.io, [&] { return attacker.good_nodes() >= 8; }, far_too_long);

    for (Hostile const& hostile : records) {  // before anything is there
        CAPTURE(hostile.why);
        attacker.put(hostile.place, {value_type(hostile.place.kind), hostile.bytes, ""});
        // 60 KiB never end: OpenDHT sends no part of a value again.
        if (hostile.bytes.size() < 10'000) wait_for(network, attacker);
        CHECK(network.copies() == 0);
        FetchRequest const request{hostile.place, {}, Source::anywhere, 300ms};
        CHECK_FALSE(fetch_on(network.io, network.at(3), request));
    }

    auto const stale = bob.storage(500);
    auto const record = bob.storage(400);
    REQUIRE(put_on(network.io, network.at(1), record));
    auto const copies = network.copies();
    CHECK(copies >= 7);  // the attacker is among the nearest eight, and keeps its own
    for (Hostile const& hostile : records) {
        CAPTURE(hostile.why);
        if (hostile.bytes.size() > 10'000) continue;  // still under way
        attacker.put(hostile.place, {value_type(hostile.place.kind), hostile.bytes, ""});
        wait_for(network, attacker);
        CHECK(network.copies() == copies);
    }
    // Valid ones that were replayed may lie where none lay before, but nowhere replace a newer one.
    for (auto const& replayed : {stale, record}) {
        attacker.put(place_of(record),
                     {value_type(RecordKind::storage), encode_record(replayed), ""});
        wait_for(network, attacker);
    }
    for (std::size_t reader = 0; reader < network.size(); ++reader) {
        CAPTURE(reader);
        CHECK(requests_to_find(network, reader, record) >= 0);
    }
}

TEST_CASE("hostile records: a lookup under junk costs at most three times as many requests") {
    LoopbackNetwork network(16);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    StorageUser eve("eve@e.test", network.clock.unix_seconds());
    auto const record = bob.storage();
    auto const calm = eve.storage();
    REQUIRE(put_on(network.io, network.at(0), record));
    REQUIRE(put_on(network.io, network.at(0), calm));
    auto const copies = network.copies();
    int unattacked = 0;
    for (std::size_t reader = 1; reader < 6; ++reader)
        unattacked = std::max(unattacked, requests_to_find(network, reader, calm));
    CHECK(unattacked > 0);

    auto const junk = [&](std::size_t number) {
        auto place = place_of(record);
        place.slot = 1'000 + number;
        auto const type = number % 2 == 0 ? std::uint16_t{0} : value_type(place.kind);
        return std::pair(place, StockDhtNode::Junk{type, Bytes(40, 0x7f), ""});
    };
    auto const cost = [&](std::size_t first_reader) {  // each once: OpenDHT remembers who answered
        int most = 0;
        for (auto reader = first_reader; reader < first_reader + 5; ++reader) {
            CAPTURE(reader);
            int const requests = requests_to_find(network, reader, record);
            CHECK(requests > 0);
            most = std::max(most, requests);
        }
        return most;
    };

    // Only their owner stores them: that the others don't, another test shows.
    std::vector<std::unique_ptr<StockDhtNode>> hoarders;
    std::size_t first_reader = 6;
    for (std::size_t const values : {1'000U, 10'000U}) {
        CAPTURE(values);
        auto id = beside(bob.locator.key);
        id.bytes.back() = static_cast<Byte>(id.bytes.back() ^ (2U * hoarders.size()));
        StockDhtNode::Options options{network.id, {}, id, network.path.fate()};
        hoarders.push_back(std::make_unique<StockDhtNode>(network.io, std::move(options)));
        auto& hoarder = *hoarders.back();
        for (std::size_t i = 0; i < values; ++i)
            std::apply([&](auto const& place, auto what) { hoarder.put(place, what); }, junk(i));
        hoarder.meet(network.endpoints());
        run_until(
            network.io, [&] { return hoarder.good_nodes() >= 8; }, far_too_long);
        CHECK(cost(first_reader) <= 3 * unattacked);
        first_reader += 5;
    }
    CHECK(network.copies() == copies);
}
