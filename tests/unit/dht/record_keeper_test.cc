#include "dht/record_keeper.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"
#include "tests/support/storage_user.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

struct Kept {
    asio::io_context io;
    FakeClock clock;
    FakeDht dht;
    FakeLocationService service{dht, clock};
    FakeLocationService other{dht, clock};
    SeededRandomness chance;
    EventLog log{STDERR_FILENO, EventLog::Level::error};
    RecordKeeper keeper{io, service, chance, log};
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    unsigned renewed = 0;

    /// Each version is newer than the one before.
    Renew presences() {
        return [this]() -> Result<RecordEnvelope> { return bob.presence(true, 900 - ++renewed); };
    }

    Renew always(RecordEnvelope record) {
        return [record]() -> Result<RecordEnvelope> { return record; };
    }
};

}  // namespace

TEST_CASE("record keeper: puts a record soon, and again on its period with the current version") {
    Kept kept;
    kept.keeper.keep(place_of(kept.bob.presence()), 1s, kept.presences());
    run_until(kept.io, [&] { return kept.service.puts().size() >= 3; });
    auto const& puts = kept.service.puts();
    CHECK(supersedes(puts[1], puts[0]));
    CHECK(supersedes(puts[2], puts[1]));
    CHECK(kept.dht.store.contains(place_of(puts[0])));
}

TEST_CASE("record keeper: puts again when the network comes back") {
    Kept kept;
    kept.service.set_cut_off(true);
    auto const record = kept.bob.storage();
    kept.keeper.keep(place_of(record), 10min, kept.always(record));
    run_until(kept.io, [&] { return !kept.service.puts().empty(); });
    CHECK_FALSE(kept.dht.store.contains(place_of(record)));
    kept.service.set_cut_off(false);
    run_until(kept.io, [&] { return kept.dht.store.contains(place_of(record)); });
}

TEST_CASE("record keeper: puts now, and says what came of it") {
    Kept kept;
    auto const record = kept.bob.storage();
    kept.keeper.keep(place_of(record), 10min, kept.always(record));
    auto const put = await_on(kept.io, kept.keeper.put_now(place_of(record), 3s));
    REQUIRE(put);
    CHECK(put->neighbours == 1);
    CHECK(kept.dht.store.contains(place_of(record)));
    auto const unknown = await_on(kept.io, kept.keeper.put_now(place_of(kept.bob.presence()), 3s));
    CHECK(unknown.error().fault == Fault::not_found);
}

TEST_CASE("record keeper: a slow network is waited for as long as the asker likes") {
    Kept kept;
    kept.service.set_slow(6s);
    auto const record = kept.bob.storage();
    kept.keeper.keep(place_of(record), 10min, kept.always(record));
    auto const in_haste = await_on(kept.io, kept.keeper.put_now(place_of(record), 5s));
    CHECK(in_haste.error().fault == Fault::timed_out);
    CHECK(await_on(kept.io, kept.keeper.put_now(place_of(record), 7s)));
}

TEST_CASE("record keeper: a renewal that fails is told and does not end the keeping") {
    Kept kept;
    auto const record = kept.bob.storage();
    bool broken = true;
    kept.keeper.keep(place_of(record), 1s, [&]() -> Result<RecordEnvelope> {
        if (broken) return fail(Fault::io, "no pen");
        return record;
    });
    auto const put = await_on(kept.io, kept.keeper.put_now(place_of(record), 3s));
    CHECK(put.error().what == "no pen");
    broken = false;
    run_until(kept.io, [&] { return kept.dht.store.contains(place_of(record)); });
}

TEST_CASE("record keeper: what is forgotten is put no more") {
    Kept kept;
    auto const place = place_of(kept.bob.presence());
    kept.keeper.keep(place, 1s, kept.presences());
    REQUIRE(await_on(kept.io, kept.keeper.put_now(place, 3s)));
    kept.keeper.forget(place);
    // With nothing kept, nothing is left to do on the thread.
    kept.io.restart();
    kept.io.run_for(5s);
    CHECK(kept.io.stopped());
    CHECK(await_on(kept.io, kept.keeper.put_now(place, 3s)).error().fault == Fault::not_found);
}
