// What a node admits from others, asked of OpenDHT's own type table.
#include <opendht/dht.h>

#include "dht/opendht_node.h"
#include "dht/record_policy.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/fake_clock.h"
#include "tests/support/pull_notices.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

/// One storing node that never hears a word.
struct Storer {
    explicit Storer(bool counts_loopback = false) { install_policies(dht, clock, counts_loopback); }

    static std::shared_ptr<::dht::Value> value_of(RecordEnvelope const& record) {
        auto const bytes = encode_record(record);
        return std::make_shared<::dht::Value>(value_type(record.kind), bytes.data(), bytes.size(),
                                              place_of(record).slot);
    }

    bool stores(RecordEnvelope const& record, Endpoint const& from) {
        auto value = value_of(record);
        return dht.getType(value->type)
            .storePolicy(info_hash(record.dht_key), value, {}, to_sock_addr(from));
    }

    bool edits(RecordEnvelope const& held, RecordEnvelope const& record) {
        auto value = value_of(record);
        return dht.getType(value_type(held.kind))
            .editPolicy(info_hash(held.dht_key), value_of(held), value, {},
                        to_sock_addr({"192.0.2.1", 1}));
    }

    FakeClock clock;
    asio::io_context io;
    ::dht::Dht dht{std::make_unique<OpendhtSocket>(*UdpPorts::open(io, {"127.0.0.1", 0})),
                   ::dht::Config{}, std::shared_ptr<::dht::Logger>{}};
};

}  // namespace

TEST_CASE("opendht policies: a notice is never edited, other records are by newer ones") {
    Storer node;
    StorageUser bob("bob@b.test", node.clock.unix_seconds());
    auto const notice = sample_notice(bob, 1);
    auto const newer = resigned(notice, [](RecordEnvelope& r) { r.seq += 20; });
    REQUIRE(node.stores(newer, {"192.0.2.1", 1}));
    REQUIRE(supersedes(newer, notice));
    CHECK_FALSE(node.edits(notice, newer));
    CHECK(node.edits(bob.storage(500), bob.storage(400)));
    CHECK_FALSE(node.edits(bob.storage(400), bob.storage(500)));
}

TEST_CASE("opendht policies: each source has its share of an inbox") {
    struct Row {
        char const* why;
        bool counts_loopback;
        Endpoint first, second;
        bool second_has_own_share;
        bool limited;
    };

    for (Row const& row : {
             Row{"two addresses", false, {"192.0.2.1", 1}, {"192.0.2.2", 1}, true, true},
             Row{"two ports", false, {"192.0.2.1", 1}, {"192.0.2.1", 2}, false, true},
             Row{"one IPv6 network", false, {"2001:db8::1", 1}, {"2001:db8::2", 1}, false, true},
             Row{"two IPv6 networks",
                 false,
                 {"2001:db8::1", 1},
                 {"2001:db8:0:1::1", 1},
                 true,
                 true},
             Row{"loopback", false, {"127.0.0.1", 1}, {"127.0.0.1", 2}, true, false},
             Row{"loopback, counted", true, {"127.0.0.1", 1}, {"127.0.0.2", 1}, true, true},
         }) {
        CAPTURE(row.why);
        Storer node(row.counts_loopback);
        StorageUser bob("bob@b.test", node.clock.unix_seconds());
        unsigned number = 0;
        for (; number < limits::notices_per_source; ++number)
            REQUIRE(node.stores(sample_notice(bob, number), row.first));
        CHECK(node.stores(sample_notice(bob, ++number), row.first) != row.limited);
        CHECK(node.stores(sample_notice(bob, ++number), row.second) == row.second_has_own_share);
    }
}

TEST_CASE("opendht policies: what is no valid notice is refused and takes nobody's share") {
    Storer node;
    StorageUser bob("bob@b.test", node.clock.unix_seconds());
    auto const good = sample_notice(bob, 1);
    auto idle = good;
    while (work_proof_holds(idle))
        ++idle.slot_epoch;
    SeededRandomness chance("notice 1");
    idle.signature = sign_record(idle, SigningKey::generate(chance));
    auto unsigned_one = good;
    unsigned_one.signature[0] ^= 1;
    auto elsewhere = good;
    elsewhere.dht_key.bytes[0] ^= 1;
    Endpoint const source{"192.0.2.1", 1};
    for (auto const& record : {idle, unsigned_one, elsewhere})
        for (std::size_t i = 0; i < limits::notices_per_source; ++i)
            CHECK_FALSE(node.stores(record, source));
    CHECK(node.stores(good, source));
}
