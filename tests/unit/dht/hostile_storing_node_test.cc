// Storing nodes that lie or withhold: they sit next to a key, hold what they like under its slot,
// and answer before the honest ones do.
#include "dht/record_policy.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/stock_dht_node.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

class Liars {
public:
    explicit Liars(LoopbackNetwork& network)
        : network_(network) {}

    /// One whose id is closer to the key than any honest one's, and who serves `bytes` in the slot.
    /// None: it takes what it is given and forgets it.
    void add(RecordPlace const& place, std::optional<Bytes> bytes) {
        StockDhtNode::Options options;
        options.network = network_.id;
        options.id = place.key;
        options.id->bytes.back() =
            static_cast<Byte>(options.id->bytes.back() ^ (1U + nodes_.size()));
        options.fate = network_.path.fate();
        options.withholds = !bytes;
        nodes_.push_back(std::make_unique<StockDhtNode>(network_.io, std::move(options)));
        auto& node = *nodes_.back();
        if (bytes) node.put(place, {value_type(place.kind), *bytes, ""});
        node.meet(network_.endpoints());
        run_until(
            network_.io, [&] { return node.good_nodes() >= 8; }, far_too_long);
    }

private:
    LoopbackNetwork& network_;
    std::vector<std::unique_ptr<StockDhtNode>> nodes_;
};

}  // namespace

TEST_CASE("hostile storing node: six of the eight nearest lie, and the newest record is read") {
    LoopbackNetwork network(12);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    StorageUser eve("eve@e.test", network.clock.unix_seconds());
    auto const old = encode_record(bob.storage(500));
    auto const record = bob.storage(100);
    auto forged = bob.storage(50);  // newer than the true one, if it were signed
    forged.signature[7] = static_cast<Byte>(forged.signature[7] ^ 1U);
    auto const place = place_of(record);
    Liars liars(network);
    liars.add(place, old);
    liars.add(place, old);
    liars.add(place, encode_record(forged));
    liars.add(place, encode_record(eve.storage()));
    liars.add(place, std::nullopt);
    liars.add(place, std::nullopt);

    REQUIRE(put_on(network.io, network.at(0), record));
    CHECK(network.copies() >= 1);
    CHECK(network.copies() <= 4);  // most of the nearest are liars
    for (std::size_t reader = 0; reader < network.size(); ++reader) {
        CAPTURE(reader);
        FetchRequest const request{place, {}, Source::anywhere, 10s};
        auto const found = fetch_on(network.io, network.at(reader), request);
        REQUIRE(found);
        CHECK(found->seq == record.seq);
    }
}

TEST_CASE("hostile storing node: lies alone are no answer, and are told from no record") {
    LoopbackNetwork network(10);
    StorageUser bob("bob@b.test", network.clock.unix_seconds());
    auto forged = bob.storage(50);
    forged.signature[7] = static_cast<Byte>(forged.signature[7] ^ 1U);
    Liars liars(network);
    liars.add(place_of(forged), encode_record(forged));
    FetchRequest const request{place_of(forged), {}, Source::anywhere, 2s};
    for (std::size_t const reader : {0U, 4U, 9U}) {
        auto const found = fetch_on(network.io, network.at(reader), request);
        REQUIRE_FALSE(found);
        CHECK(found.error().fault == Fault::corrupt);
    }
}
