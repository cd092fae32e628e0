// What a DHT node learns that stores records of somebody whose address it does not know: its store
// is dumped, and nothing in it tells where a node is, whose it is, or what the domain said.
#include <algorithm>

#include "dht/record_policy.h"
#include "src/core/binding.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/pull_notices.h"
#include "tests/support/stock_dht_node.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

Endpoint const bobs_place{"203.0.113.77", 7473};

struct Needle {
    std::string what;
    Bytes bytes;
};

Needle needle(std::string what, std::string_view text) {
    return {std::move(what), copy_of(bytes_of(text))};
}

bool holds(ByteSpan bytes, ByteSpan part) {
    return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

/// In the forms in which it would stand in a record.
std::vector<Needle> secrets_of(StorageUser const& bob) {
    return {needle("address", bob.address.text()),
            needle("local part", "robert.tables"),
            needle("domain", "hidden-domain"),
            needle("endpoint as text", bobs_place.ip),
            {"endpoint", {203, 0, 113, 77, 7473 >> 8, 7473 & 0xff}},
            {"age recipient", copy_of(bob.age.bytes)},
            {"binding", copy_of(bob.binding.signature)},
            {"presence secret", copy_of(bob.presence_secret)},
            {"seal key", copy_of(bob.locator.seal)}};
}

}  // namespace

TEST_CASE("opendht: who stores records reads no endpoint, address or binding in them") {
    LoopbackNetwork network(5);  // fewer than the copies of a value: the spy gets one of each
    StorageUser bob("robert.tables@hidden-domain.test", network.clock.unix_seconds());
    StorageRecord content = bob.record();
    content.gateway = GatewayPlace{"gw.hidden-domain.test:7473", NodeKey(bob.user)};
    content.page = "https://page.hidden-domain.test/";
    PullNotice notice = notice_of(bob.now, 1);
    notice.control = {bobs_place};
    std::vector<RecordEnvelope> const records = {
        bob.sealed(bob.draft(), content), bob.own_storage(),
        bob.presence_of({true, {bobs_place}, {bobs_place}, 30, false}),
        *seal_notice(notice, bob.node, bob.now * 1000, bob.chance)};

    StockDhtNode spy(network.io,
                     {network.id, network.endpoints(), std::nullopt, network.path.fate()});
    run_until(network.io, [&] { return spy.good_nodes() >= network.size(); });
    for (RecordEnvelope const& record : records)
        REQUIRE(put_on(network.io, network.at(0), record));
    std::vector<Bytes> dump;
    for (RecordEnvelope const& record : records) {
        run_until(network.io, [&] {
            dump = spy.held_at(record.dht_key);
            return std::ranges::find(dump, encode_record(record)) != dump.end();
        });
        for (Needle const& known : secrets_of(bob)) {
            CAPTURE(known.what);
            for (Bytes const& bytes : dump)
                CHECK_FALSE(holds(bytes, known.bytes));
        }
    }

    // Who knows the address reads all of it in the same bytes.
    auto const storage = open_record(records.front(), bob.locator.seal);
    REQUIRE(storage);
    for (char const* what : {"address", "age recipient", "binding", "presence secret"}) {
        auto const secrets = secrets_of(bob);
        auto const known =
            std::ranges::find_if(secrets, [&](Needle const& one) { return one.what == what; });
        CAPTURE(what);
        CHECK(holds(*storage, known->bytes));
    }
    CHECK(holds(*open_record(records[2], bob.presence_secret), Bytes{203, 0, 113, 77}));
    CHECK_FALSE(open_record(records.front(), StorageUser("eve@e.test", bob.now).locator.seal));
}
