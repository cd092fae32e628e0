#include "src/node/record_guardian.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "dht/record_policy.h"
#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"
#include "tests/support/storage_user.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;
using namespace std::chrono_literals;
using transfer::Caller;

namespace {

/// The gateway of b.test, whose key it holds, and what the DHT has.
struct Town {
    Town() {
        REQUIRE(home.ensure());
        REQUIRE(save_domain_key(bob.domain_key, "b.test", home.root()));
        auto opened = TrustSource::open(
            home, {"domain.\"b.test\".keys=[\"" + bob.domain.to_base64() + "\"]"});
        REQUIRE(opened);
        trust.emplace(std::move(*opened));
        open();
    }

    /// What a worker is at uses the guardian's files.
    ~Town() {
        stop();
        workers.finish();
    }

    void open() {
        keeper.emplace(io, service, chance, log);
        auto opened =
            RecordGuardian::open({io, workers, *keeper, *trust, identity, home, clock, log});
        REQUIRE(opened);
        guardian = std::move(*opened);
    }

    void stop() {
        guardian->stop();
        keeper->stop();
        io.restart();
        io.poll();
    }

    Caller as_bob() const { return {bob.node, bob.user}; }

    Status put(std::vector<RecordEnvelope> records, Caller const& caller,
               std::string const& address = "bob@b.test") {
        return await_on(io, guardian->take(caller, {*Address::parse(address), std::move(records)}));
    }

    bool holds(RecordEnvelope const& record) {
        auto const held = dht.store.find(location::place_of(record));
        return held != dht.store.end() && held->second == encode_record(record);
    }

    TempFolder folder;
    Home home{folder.path() / "home"};
    asio::io_context io;
    WorkerPool workers{io, 2};
    FakeClock clock;
    SeededRandomness chance;
    EventLog log{STDERR_FILENO, EventLog::Level::error};
    FakeDht dht;
    FakeLocationService service{dht, clock};
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    StorageUser eve{"eve@e.test", clock.unix_seconds()};
    Identity identity = generate_identity({}, chance);
    std::optional<TrustSource> trust;
    std::optional<location::RecordKeeper> keeper;
    std::unique_ptr<RecordGuardian> guardian;
};

}  // namespace

TEST_CASE("record guardian: a user's records are put byte for byte, after a restart too") {
    Town town;
    auto const bound = town.bob.storage();
    auto const own = town.bob.own_storage();
    auto const presence = town.bob.presence();
    REQUIRE(town.put({bound, own, presence}, town.as_bob()));
    run_until(town.io,
              [&] { return town.holds(presence) && town.holds(own) && town.holds(bound); });
    town.stop();
    town.dht.store.clear();
    town.open();
    town.guardian->start();
    run_until(town.io,
              [&] { return town.holds(presence) && town.holds(own) && town.holds(bound); });
}

TEST_CASE("record guardian: what is newer takes the place, what is older is passed over") {
    Town town;
    auto const newer = town.bob.storage(100);
    REQUIRE(town.put({newer}, town.as_bob()));
    REQUIRE(town.put({town.bob.storage(500)}, town.as_bob()));
    run_until(town.io, [&] { return town.holds(newer); });
    auto const gone = town.bob.withdrawn(50);
    REQUIRE(town.put({gone}, town.as_bob()));
    run_until(town.io, [&] { return town.holds(gone); });
}

TEST_CASE("record guardian: records that are not a user's of ours") {
    Town town;
    auto const bound = town.bob.storage();
    auto bent = bound;
    bent.signature[7] = static_cast<Byte>(bent.signature[7] ^ 1U);
    auto expired = town.bob.draft();
    expired.issued -= limits::storage_record_lifetime_seconds;
    expired.seq -= limits::storage_record_lifetime_seconds * 1000;
    expired.expires = town.clock.unix_seconds();
    auto const old = town.bob.sealed(expired, town.bob.record());
    Caller const eve{town.eve.node, town.eve.user};

    struct Row {
        char const* why;
        RecordEnvelope record;
        Caller caller;
        char const* address;
    };

    for (Row const& row : {
             Row{"another caller", bound, eve, "bob@b.test"},
             Row{"nobody's device", bound, {town.bob.node, std::nullopt}, "bob@b.test"},
             Row{"another address", bound, town.as_bob(), "eve@b.test"},
             Row{"another domain", town.eve.storage(), eve, "eve@e.test"},
             Row{"another domain's slot", town.eve.storage(), eve, "bob@b.test"},
             Row{"a slot of her own", town.eve.own_storage(), eve, "bob@b.test"},
             Row{"a presence of no node of his", town.eve.presence(), eve, "bob@b.test"},
             Row{"own slot before the bound one", town.bob.own_storage(), town.as_bob(),
                 "bob@b.test"},
             Row{"bent", bent, town.as_bob(), "bob@b.test"},
             Row{"expired", old, town.as_bob(), "bob@b.test"},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(town.put({row.record}, row.caller, row.address));
        CHECK(town.dht.store.empty());
    }
    CHECK(town.put({bound}, town.as_bob()).has_value());
}

TEST_CASE("record guardian: a revocation is put, and the bound record no longer counts") {
    Town town;
    auto const bound = town.bob.storage();
    REQUIRE(town.put({bound}, town.as_bob()));
    run_until(town.io, [&] { return town.holds(bound); });
    auto const revoked = await_on(town.io, town.guardian->revoke(town.bob.address));
    REQUIRE(revoked);
    CHECK(revoked->placed);
    CHECK(revoked->revocation.epoch > town.bob.binding.slot_epoch);
    auto const said = [&] {
        auto const held = town.dht.store.find(location::place_of(bound));
        auto const record = decode_record(held->second);
        return record && record->is_revocation();
    };
    CHECK(said());
    CHECK(await_on(town.io, town.guardian->revoke(town.eve.address)).error().fault ==
          Fault::not_found);
    // What nobody takes in time is revoked all the same.
    for (Fault const fault : {Fault::timed_out, Fault::unavailable}) {
        town.service.set_cut_off(true, fault);
        auto const lone = await_on(town.io, town.guardian->revoke(town.bob.address));
        REQUIRE(lone);
        CHECK_FALSE(lone->placed);
    }
    town.service.set_cut_off(false);
    // A restart says it again.
    town.stop();
    town.dht.store.clear();
    town.open();
    town.guardian->start();
    run_until(town.io, [&] { return !town.dht.store.empty(); });
    run_until(town.io, said);
}

TEST_CASE("record guardian: what has expired is let go") {
    Town town;
    auto const presence = town.bob.presence();
    REQUIRE(town.put({town.bob.storage(), presence}, town.as_bob()));
    run_until(town.io, [&] { return town.holds(presence); });
    town.clock.advance(std::chrono::seconds(limits::presence_ttl_seconds));
    town.stop();
    town.dht.store.clear();
    town.open();
    town.guardian->start();
    run_until(town.io, [&] { return town.holds(town.bob.storage()) || !town.dht.store.empty(); });
    CHECK_FALSE(town.holds(presence));
}
