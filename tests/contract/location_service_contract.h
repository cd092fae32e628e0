// What every location service promises (dht/location_service.h), run on the fake and on the real
// one.
#pragma once

#include <algorithm>
#include <functional>

#include <doctest/doctest.h>

#include "dht/location_service.h"
#include "dht/record_policy.h"
#include "tests/support/await_on.h"
#include "tests/support/pull_notices.h"
#include "tests/support/storage_user.h"

namespace satchel::testing {

/// Two services that know each other, and the time that their clock tells.
struct LocationPair {
    asio::io_context& io;
    location::LocationService& here;
    location::LocationService& there;
    std::uint64_t now_seconds;
};

inline Result<location::PutReport> put_on(asio::io_context& io, location::LocationService& service,
                                          RecordEnvelope record,
                                          CallerLine const& caller = CallerLine::current()) {
    // Long enough for a node that has gone to be given up, and then the next.
    return await_on(io, service.put(std::move(record), std::chrono::seconds(30)),
                    std::chrono::seconds(60), caller);
}

inline Result<RecordEnvelope> fetch_on(asio::io_context& io, location::LocationService& service,
                                       location::FetchRequest request,
                                       CallerLine const& caller = CallerLine::current()) {
    return await_on(io, service.fetch(std::move(request)), usual_deadline, caller);
}

inline Result<std::vector<RecordEnvelope>> collect_on(
    asio::io_context& io, location::LocationService& service, location::CollectRequest request,
    CallerLine const& caller = CallerLine::current()) {
    return await_on(io, service.collect(request), usual_deadline, caller);
}

/// Somebody else's record at the key of `user`, in a slot of its own.
inline RecordEnvelope squatter(StorageUser const& user, std::string const& name) {
    StorageUser other(name, user.now);
    auto envelope = other.draft();
    envelope.dht_key = user.locator.key;
    envelope.slot_owner = other.user;
    envelope.slot_epoch = 0;
    envelope.slot_expires = envelope.expires;
    return other.sealed(envelope, other.record());
}

inline void collect_contract(LocationPair pair) {
    using namespace location;
    auto& io = pair.io;
    StorageUser bob("bob@b.test", pair.now_seconds);
    CollectRequest const request{bob.locator.key, RecordKind::storage, 256,
                                 std::chrono::seconds(5)};

    SUBCASE("all slots of a key are collected, each with its newest record") {
        auto const newer = bob.storage(100);
        auto const own = bob.own_storage();
        auto const other = squatter(bob, "eve@e.test");
        for (auto const& record : {bob.storage(500), newer, own, other})
            REQUIRE(put_on(io, pair.here, record));
        for (auto* const service : {&pair.here, &pair.there}) {
            auto const found = collect_on(io, *service, request);
            REQUIRE(found);
            CHECK(found->size() == 3);
            for (auto const& record : {newer, own, other})
                CHECK(std::count(found->begin(), found->end(), record) == 1);
        }
    }
    SUBCASE("no more are collected than were asked for") {
        for (std::string const name : {"a@a.test", "b@a.test", "c@a.test", "d@a.test"})
            REQUIRE(put_on(io, pair.here, squatter(bob, name)));
        CollectRequest three = request;
        three.values_max = 3;
        auto const found = collect_on(io, pair.there, three);
        REQUIRE(found);
        CHECK(found->size() == 3);
    }
    SUBCASE("what is of another kind is not collected") {
        REQUIRE(put_on(io, pair.here, bob.presence()));
        CollectRequest elsewhere = request;
        elsewhere.key = presence_key(bob.node);
        auto const found = collect_on(io, pair.there, elsewhere);
        REQUIRE(found);
        CHECK(found->empty());
        elsewhere.kind = RecordKind::presence;
        CHECK(collect_on(io, pair.there, elsewhere)->size() == 1);
    }
    SUBCASE("a key that nobody filled has none") {
        auto const found = collect_on(io, pair.there, request);
        REQUIRE(found);
        CHECK(found->empty());
    }
    SUBCASE("after stop nothing is collected") {
        pair.there.stop();
        CHECK(collect_on(io, pair.there, request).error().fault == Fault::unavailable);
    }
}

inline void watch_contract(LocationPair pair) {
    using namespace location;
    auto& io = pair.io;
    StorageUser bob("bob@b.test", pair.now_seconds);
    std::vector<RecordEnvelope> told;
    WatchRequest request;
    request.key = inbox_key(bob.node);
    request.on_record = [&](RecordEnvelope const& record) { told.push_back(record); };
    auto const tells_of = [&](RecordEnvelope const& record) {
        return std::find(told.begin(), told.end(), record) != told.end();
    };

    SUBCASE("a watch tells of what comes, and of nothing once it is over") {
        auto watch = pair.there.watch(request);
        auto const first = sample_notice(bob, 1);
        auto const second = sample_notice(bob, 2);
        REQUIRE(put_on(io, pair.here, first));
        run_until(io, [&] { return tells_of(first); });
        REQUIRE(put_on(io, pair.here, second));
        run_until(io, [&] { return tells_of(second); });
        watch.reset();
        auto const late = sample_notice(bob, 3);
        REQUIRE(put_on(io, pair.here, late));
        REQUIRE(fetch_on(io, pair.there,
                         {place_of(late), {}, Source::anywhere, std::chrono::seconds(5)}));
        CHECK_FALSE(tells_of(late));
    }
    SUBCASE("a watch tells of what was there before") {
        auto const notice = sample_notice(bob, 1);
        REQUIRE(put_on(io, pair.here, notice));
        auto const watch = pair.there.watch(request);
        run_until(io, [&] { return tells_of(notice); });
    }
    SUBCASE("a watch looks at other keys and kinds not at all") {
        StorageUser eve("eve@e.test", pair.now_seconds);
        auto const watch = pair.there.watch(request);
        REQUIRE(put_on(io, pair.here, sample_notice(eve, 1)));
        REQUIRE(put_on(io, pair.here, bob.presence()));
        auto const notice = sample_notice(bob, 1);
        REQUIRE(put_on(io, pair.here, notice));
        run_until(io, [&] { return tells_of(notice); });
        CHECK(std::all_of(told.begin(), told.end(),
                          [&](auto const& record) { return record == notice; }));
    }
    SUBCASE("a watch of a service that has stopped does no harm") {
        pair.there.stop();
        auto const watch = pair.there.watch(request);
        CHECK(told.empty());
    }
}

inline void location_service_contract(LocationPair pair) {
    using namespace location;
    auto& io = pair.io;
    StorageUser bob("bob@b.test", pair.now_seconds);
    auto const first = bob.storage(500);
    auto const place = place_of(first);
    FetchRequest const request{place, {}, Source::anywhere, std::chrono::seconds(5)};

    SUBCASE("what is put here is found there, and from here on the network") {
        REQUIRE(put_on(io, pair.here, first));
        auto const found = fetch_on(io, pair.there, request);
        REQUIRE(found);
        CHECK(*found == first);
        auto const mine = fetch_on(io, pair.here, request);
        REQUIRE(mine);
        CHECK(*mine == first);
        FetchRequest out_there = request;
        out_there.source = Source::network;
        CHECK(fetch_on(io, pair.here, out_there).has_value());
    }
    SUBCASE("putting the same bytes again is welcome") {
        REQUIRE(put_on(io, pair.here, first));
        CHECK(put_on(io, pair.here, first).has_value());
        CHECK(fetch_on(io, pair.there, request).has_value());
    }
    SUBCASE("a newer record takes the slot, an older one does not get it back") {
        auto const newer = bob.storage(100);
        REQUIRE(put_on(io, pair.here, first));
        REQUIRE(put_on(io, pair.here, newer));
        auto const old_again = put_on(io, pair.here, first);
        REQUIRE_FALSE(old_again);
        CHECK(old_again.error().fault == Fault::refused);
        auto const found = fetch_on(io, pair.there, request);
        REQUIRE(found);
        CHECK(found->seq == newer.seq);
    }
    SUBCASE("a slot that nobody filled is not found") {
        auto const found = fetch_on(io, pair.there, request);
        REQUIRE_FALSE(found);
        CHECK(found.error().fault == Fault::not_found);
    }
    SUBCASE("another slot of the same key is another value") {
        REQUIRE(put_on(io, pair.here, bob.own_storage()));
        CHECK(fetch_on(io, pair.there, request).error().fault == Fault::not_found);
    }
    SUBCASE("what the judge passes over does not count, and its reason is told") {
        REQUIRE(put_on(io, pair.here, first));
        FetchRequest strict = request;
        strict.judge = [](RecordEnvelope const&) -> Status {
            return fail(Fault::untrusted, "not in my house");
        };
        auto const found = fetch_on(io, pair.there, strict);
        REQUIRE_FALSE(found);
        CHECK(found.error().fault == Fault::untrusted);
        CHECK(found.error().what == "not in my house");
    }
    SUBCASE("an invalid record is not put") {
        auto bent = first;
        bent.signature[5] = static_cast<Byte>(bent.signature[5] ^ 1U);
        auto const put = put_on(io, pair.here, bent);
        REQUIRE_FALSE(put);
        CHECK(put.error().fault == Fault::corrupt);
        CHECK_FALSE(fetch_on(io, pair.there, request));
    }
    SUBCASE("after stop nothing is put or found") {
        pair.there.stop();
        pair.there.stop();
        CHECK(put_on(io, pair.there, first).error().fault == Fault::unavailable);
        CHECK(fetch_on(io, pair.there, request).error().fault == Fault::unavailable);
    }
}

}  // namespace satchel::testing
