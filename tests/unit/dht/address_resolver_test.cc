#include "dht/address_resolver.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"
#include "tests/support/storage_user.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

class FakePinger final : public Pinger {
public:
    asio::awaitable<Status> ping_line(NodeKey node, GatewayPlace gateway) override {
        lines.emplace_back(node, gateway);
        if (line_answers) co_return Status();
        co_return fail(Fault::not_found, "it holds no line to its gateway");
    }

    std::vector<std::pair<NodeKey, GatewayPlace>> lines;
    bool line_answers = true;

    asio::awaitable<Status> ping(NodeKey node, std::vector<Endpoint>) override {
        asked.push_back(node);
        if (silent.contains(node)) co_return fail(Fault::timed_out, "connection timed out");
        co_return Status{};
    }

    std::vector<NodeKey> asked;
    std::set<NodeKey> silent;
};

struct World {
    asio::io_context io;
    WorkerPool workers{io, 1};
    FakeClock clock;
    FakeDht dht;
    FakeLocationService publisher{dht, clock};
    FakeLocationService reader{dht, clock};
    FakePinger pinger;
    AddressResolver resolver{reader, workers, pinger, clock};
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    TrustInputs trust{std::nullopt, {bob.domain}, Trust::domain};
    ResolveOptions options;

    void put(RecordEnvelope record) { REQUIRE(await_on(io, publisher.put(std::move(record), 1s))); }

    static asio::awaitable<TrustInputs> known(TrustInputs inputs) { co_return inputs; }

    LookupReport look_up(std::string const& address = "bob@b.test",
                         CallerLine const& caller = CallerLine::current()) {
        return await_on(
            io,
            resolver.resolve(
                *Address::parse(address), [this](Address) { return known(trust); }, options),
            usual_deadline, caller);
    }
};

}  // namespace

TEST_CASE("resolver: record, trust, node, endpoint, availability") {
    World world;
    world.put(world.bob.storage());
    world.put(world.bob.presence());
    auto const report = world.look_up();
    CHECK(report.storage);
    CHECK(report.conclusive);
    CHECK(report.trust == Trust::domain);
    CHECK(report.trusted);
    CHECK(report.available);
    CHECK(report.reason.empty());
    CHECK(report.dht_key == world.bob.locator.key);
    CHECK(report.slots == std::vector<std::uint64_t>{slot_id(world.bob.domain)});
    CHECK(report.user_key == world.bob.user);
    CHECK(report.age_recipient == world.bob.age);
    CHECK(report.storage_address == world.bob.address);
    REQUIRE(report.nodes.size() == 1);
    CHECK(report.nodes[0].node_key == world.bob.node);
    CHECK(report.nodes[0].available);
    CHECK(report.nodes[0].endpoints == std::vector<Endpoint>{{"127.0.0.1", 7473}});
    CHECK(world.pinger.asked == std::vector<NodeKey>{world.bob.node});
    CHECK(report.steps.size() >= 3);
}

TEST_CASE("resolver: whoever was looked up before is asked for while the record is") {
    World world;
    world.put(world.bob.storage());
    world.put(world.bob.presence());
    REQUIRE(world.look_up().available);
    auto asked = [&world, from = std::size_t{0}]() mutable {
        std::vector<RecordKind> kinds;
        for (; from < world.reader.fetches().size(); ++from)
            kinds.push_back(world.reader.fetches()[from].place.kind);
        return kinds;
    };
    CHECK(asked() == std::vector{RecordKind::storage, RecordKind::presence});
    REQUIRE(world.look_up().available);
    CHECK(asked() == std::vector{RecordKind::presence, RecordKind::storage});
    // What the node says now counts, not what it said before.
    world.put(world.bob.presence(false, 400));
    CHECK_FALSE(world.look_up().available);
}

TEST_CASE("resolver: without any key that could vouch, no locator is computed") {
    World world;
    world.trust = {};
    world.put(world.bob.storage());
    auto const report = world.look_up();
    CHECK_FALSE(report.storage);
    CHECK_FALSE(report.trusted);
    CHECK(report.conclusive);
    CHECK(report.dht_key == DhtKey{});
    CHECK(world.reader.fetches().empty());
    CHECK(report.reason.find("domain.\"b.test\".keys") != std::string::npos);
    CHECK(world.look_up("bob@[192.0.2.1]").reason == "an address literal has no storage");
}

TEST_CASE("resolver: no record is not the same as no answer") {
    World world;
    auto report = world.look_up();
    CHECK_FALSE(report.storage);
    CHECK(report.conclusive);
    CHECK_FALSE(report.revoked);
    CHECK(report.reason == "no storage record");
    world.reader.set_cut_off(true);
    report = world.look_up();
    CHECK_FALSE(report.storage);
    CHECK_FALSE(report.conclusive);
    CHECK(report.reason == "no answer from the DHT");
}

TEST_CASE("resolver: a record seen before counts until it expires, under the trust of now") {
    World world;
    world.put(world.bob.storage());
    world.put(world.bob.presence());
    REQUIRE(world.look_up().available);
    world.reader.set_cut_off(true);
    auto report = world.look_up();
    CHECK(report.storage);
    CHECK(report.available);
    world.trust.domain_keys = {StorageUser("eve@b.test", world.bob.now).domain};
    CHECK_FALSE(world.look_up().storage);
    world.trust.domain_keys = {world.bob.domain};
    world.clock.advance(std::chrono::seconds(limits::storage_record_lifetime_seconds));
    report = world.look_up();
    CHECK_FALSE(report.storage);
    CHECK_FALSE(report.conclusive);
}

TEST_CASE("resolver: a record cannot be rolled back") {
    World world;
    auto const old = world.bob.storage(500);
    world.put(old);
    world.put(world.bob.presence());
    world.put(world.bob.withdrawn(100));
    REQUIRE_FALSE(world.look_up().storage);
    world.dht.store[place_of(old)] = encode_record(old);  // a node that replays
    auto const report = world.look_up();
    CHECK_FALSE(report.storage);
    CHECK(report.reason == "the storage record was withdrawn");
}

TEST_CASE("resolver: a presence cannot be rolled back") {
    World world;
    world.put(world.bob.storage());
    auto const old = world.bob.presence(true, 500);
    world.put(old);
    REQUIRE(world.look_up().available);
    world.put(world.bob.presence(false, 100));
    REQUIRE_FALSE(world.look_up().available);
    world.dht.store[place_of(old)] = encode_record(old);
    auto const report = world.look_up();
    CHECK_FALSE(report.available);
    CHECK(report.reason == "it said that it is going offline");
}

TEST_CASE("resolver: why a node is not available") {
    struct Row {
        char const* why;
        std::function<void(World&)> happens;
        char const* reason;
    };

    for (Row const& row : {
             Row{"nothing was ever heard", [](World&) {},
                 "not heard of lately: it is off, or was never reached"},
             Row{"tombstone", [](World& w) { w.put(w.bob.presence(false)); },
                 "it said that it is going offline"},
             Row{"crashed",
                 [](World& w) {
                     w.put(w.bob.presence());
                     w.clock.advance(std::chrono::seconds(limits::presence_ttl_seconds));
                 },
                 "not heard of lately: it is off, or was never reached"},
             Row{"silent",
                 [](World& w) {
                     w.put(w.bob.presence());
                     w.pinger.silent.insert(w.bob.node);
                 },
                 "no answer to a ping: connection timed out"},
             Row{"no endpoint",
                 [](World& w) {
                     PresenceRecord nowhere;
                     nowhere.available = true;
                     w.put(w.bob.presence_of(nowhere));
                 },
                 "it publishes no endpoint"},
         }) {
        CAPTURE(row.why);
        World world;
        world.put(world.bob.storage());
        row.happens(world);
        auto const report = world.look_up();
        CHECK(report.storage);
        CHECK(report.trusted);
        CHECK_FALSE(report.available);
        CHECK(report.reason == row.reason);
        REQUIRE(report.nodes.size() == 1);
        CHECK(report.nodes[0].reason == row.reason);
        CHECK(report.steps.back().starts_with("node "));  // and the reason is not told twice
    }
}

TEST_CASE("resolver: --no-ping relies on the record, and a pull-only node is not pinged") {
    World world;
    world.put(world.bob.storage());
    world.put(world.bob.presence(true, 500));
    world.pinger.silent.insert(world.bob.node);
    world.options.ping = false;
    CHECK(world.look_up().available);
    world.options.ping = true;
    PresenceRecord pull;
    pull.available = true;
    pull.pull_only = true;
    world.put(world.bob.presence_of(pull, 100));
    auto const report = world.look_up();
    CHECK(report.available);
    CHECK(report.nodes.at(0).pull_only);
    CHECK(world.pinger.asked.empty());
}

TEST_CASE("resolver: several nodes, by priority; one available suffices") {
    World world;
    StorageUser nas("nas@b.test", world.bob.now);
    StorageRecord both = world.bob.record();
    both.nodes = {{world.bob.node, 20, world.bob.presence_secret},
                  {nas.node, 10, nas.presence_secret}};
    world.put(world.bob.sealed(world.bob.draft(), both));
    world.put(world.bob.presence());
    auto const report = world.look_up();
    CHECK(report.available);
    REQUIRE(report.nodes.size() == 2);
    CHECK(report.nodes[0].node_key == nas.node);
    CHECK_FALSE(report.nodes[0].available);
    CHECK(report.nodes[1].node_key == world.bob.node);
    CHECK(report.nodes[1].available);
}

TEST_CASE("resolver: a presence that does not open leads to the storage record once more") {
    World world;
    world.put(world.bob.storage(500));
    world.put(world.bob.presence(true, 500));
    REQUIRE(world.look_up().available);
    world.bob.presence_secret[3] ^= 1;
    world.put(world.bob.presence(true, 400));
    auto report = world.look_up();
    CHECK_FALSE(report.available);
    CHECK(report.reason == "its presence does not open");
    CHECK(std::count_if(world.reader.fetches().begin(), world.reader.fetches().end(),
                        [](FetchRequest const& fetch) {
                            return fetch.place.kind == RecordKind::storage;
                        }) == 3);
    // The new storage record comes while the reader looks at the presence.
    auto const renewed = world.bob.storage(300);
    world.reader.before_fetch([&](FetchRequest const& fetch) {
        if (fetch.place.kind == RecordKind::presence)
            world.dht.store[place_of(renewed)] = encode_record(renewed);
    });
    CHECK(world.look_up().available);
}

TEST_CASE("resolver: trust decides, and says why") {
    World world;
    StorageUser eve("eve@e.test", world.bob.now);
    world.put(world.bob.storage());
    world.put(world.bob.own_storage());
    world.put(world.bob.presence());

    SUBCASE("a pin, without any domain key") {
        world.trust = {world.bob.user, {}, Trust::domain};
        auto const report = world.look_up();
        CHECK(report.trust == Trust::pinned);
        CHECK(report.available);
        CHECK(report.slots == std::vector<std::uint64_t>{slot_id(world.bob.user)});
    }
    SUBCASE("a pin and the domain") {
        world.trust.pinned = world.bob.user;
        auto const report = world.look_up();
        CHECK(report.trust == Trust::pinned);
        CHECK(report.slots.size() == 2);
    }
    SUBCASE("a pin taken back leaves what the domain says") {
        world.trust.pinned = world.bob.user;
        REQUIRE(world.look_up().trust == Trust::pinned);
        world.trust.pinned.reset();
        CHECK(world.look_up().trust == Trust::domain);
    }
    SUBCASE("another key than the one pinned is never taken, whatever the domain says") {
        world.trust.pinned = eve.user;
        auto const report = world.look_up();
        CHECK(report.storage);
        CHECK(report.trust == Trust::none);
        CHECK_FALSE(report.trusted);
        CHECK_FALSE(report.available);
        CHECK(report.reason ==
              "signed by another user key than the one pinned in the contact list");
    }
    SUBCASE("below the minimum no node is asked") {
        world.trust.minimum = Trust::pinned;
        auto const report = world.look_up();
        CHECK(report.storage);
        CHECK(report.trust == Trust::domain);
        CHECK_FALSE(report.trusted);
        CHECK(report.reason == "trust is domain, the minimum here is pinned");
        CHECK(world.pinger.asked.empty());
    }
    SUBCASE("revoked by the domain") {
        world.put(world.bob.revocation());
        auto const report = world.look_up();
        CHECK_FALSE(report.storage);
        CHECK(report.revoked);
        CHECK(report.reason == "the domain has revoked the storage record");
    }
    SUBCASE("a new domain key beside the old one") {
        world.trust.domain_keys = {eve.domain, world.bob.domain};
        auto const report = world.look_up();
        CHECK(report.available);
        CHECK(report.slots.size() == 2);
    }
}

TEST_CASE("resolver: a subaddress stands for its user where the domain says so") {
    World world;
    world.put(world.bob.presence());
    SUBCASE("it does") {
        StorageRecord plus = world.bob.record();
        plus.binding->subaddress = "+";
        plus.binding = sign_binding(*plus.binding, world.bob.domain_key);
        world.put(world.bob.sealed(world.bob.draft(), plus));
        auto const report = world.look_up("bob+films@b.test");
        CHECK(report.available);
        CHECK(report.address.text() == "bob+films@b.test");
        CHECK(report.storage_address.text() == "bob@b.test");
    }
    SUBCASE("it does not") {
        world.put(world.bob.storage());
        auto const report = world.look_up("bob+films@b.test");
        CHECK_FALSE(report.storage);
        CHECK(report.reason == "no storage record");
        CHECK(report.storage_address.text() == "bob+films@b.test");
    }
}

TEST_CASE("resolver: many at once get one answer each") {
    World world;
    world.put(world.bob.storage());
    world.put(world.bob.presence());
    unsigned available = 0;
    unsigned answers = 0;
    for (int i = 0; i < 12; ++i) {
        auto one = [&world, &available, &answers, i]() -> asio::awaitable<void> {
            Address address =
                *Address::parse(i % 2 ? "bob@b.test" : "nobody" + std::to_string(i) + "@b.test");
            TrustFor trust_for = [&world](Address) { return World::known(world.trust); };
            ResolveOptions const options;
            auto const report =
                co_await world.resolver.resolve(std::move(address), std::move(trust_for), options);
            available += report.available ? 1 : 0;
            ++answers;
        };
        asio::co_spawn(world.io, std::move(one), asio::detached);
    }
    run_until(world.io, [&] { return answers == 12; });
    CHECK(available == 6);
}
