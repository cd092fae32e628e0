#include "dht/inbox.h"

#include "tests/contract/location_service_contract.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

/// Bob's node with its inbox, and a sender, on the fake.
struct Office {
    asio::io_context io;
    FakeClock clock;
    FakeDht dht;
    FakeLocationService sender{dht, clock};
    FakeLocationService receiver{dht, clock};
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    std::vector<PullNotice> told;

    std::unique_ptr<Inbox> open(InboxOptions options = {1ms, 1ms}) {
        return std::make_unique<Inbox>(
            io, receiver, bob.node_key.copy(), clock,
            [this](PullNotice notice) { told.push_back(std::move(notice)); }, options);
    }

    /// A message of its own for the same offer at each call.
    Status leave(PullNotice const& notice) {
        auto record = seal_notice(notice, bob.node, clock.unix_milliseconds(), bob.chance);
        if (!record) return fail(record.error());
        auto put = put_on(io, sender, *record);
        if (!put) return fail(put.error());
        return {};
    }
};

}  // namespace

TEST_CASE("inbox: tells of what comes and of what lay there") {
    Office office;
    auto const before = notice_of(office.bob.now, 1);
    auto const after = notice_of(office.bob.now, 2);
    REQUIRE(office.leave(before));
    auto const inbox = office.open();
    REQUIRE(office.leave(after));
    run_until(office.io, [&] { return office.told.size() == 2; });
    CHECK(office.told.front() == before);
    CHECK(office.told.back() == after);
}

TEST_CASE("inbox: an offer is told once, and once more when its messages go on for 15 minutes") {
    Office office;
    auto const inbox = office.open();
    auto const notice = notice_of(office.bob.now, 1);
    for (int i = 0; i < 3; ++i)
        REQUIRE(office.leave(notice));
    CHECK(office.told.size() == 1);
    office.clock.advance(std::chrono::seconds(limits::pull_notice_ttl_seconds));
    REQUIRE(office.leave(notice));
    CHECK(office.told.size() == 2);
}

TEST_CASE("inbox: drops what is not for it, has expired, or comes after its end") {
    Office office;
    auto inbox = office.open();
    StorageUser eve("eve@e.test", office.bob.now);
    // Eve leaves at bob's inbox what only she can open.
    auto lost = sample_notice(eve, 1);
    lost.dht_key = inbox_key(office.bob.node);
    lost = resigned(lost, [](RecordEnvelope&) {});
    REQUIRE(put_on(office.io, office.sender, lost));
    auto const good = notice_of(office.bob.now, 2);
    REQUIRE(office.leave(good));
    CHECK(office.told == std::vector<PullNotice>{good});
    inbox->stop();
    inbox->stop();
    REQUIRE(office.leave(notice_of(office.bob.now, 3)));
    CHECK(office.told.size() == 1);
}

TEST_CASE("inbox: opens no more than it has time for in a minute") {
    Office office;
    InboxOptions few{1h, 1h};
    few.openings_per_minute = 5;
    auto const inbox = office.open(few);
    for (unsigned i = 0; i < 8; ++i)
        REQUIRE(office.leave(notice_of(office.bob.now, i)));
    CHECK(office.told.size() == 5);
}
