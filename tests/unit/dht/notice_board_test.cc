#include "dht/notice_board.h"

#include <unistd.h>

#include "src/base/sodium_randomness.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

struct Office {
    asio::io_context io;
    FakeClock clock;
    FakeDht dht;
    FakeLocationService service{dht, clock};
    FakeLocationService other{dht, clock};
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    SystemRandomness randomness;
    EventLog log{STDERR_FILENO, EventLog::Level::error};
    WorkerPool workers{io, 1};

    /// Offers in the order in which their messages were put.
    std::vector<OfferId> put() const {
        std::vector<OfferId> offers;
        for (auto const& record : service.puts())
            offers.push_back(open_notice(record, bob.node_key)->offer);
        return offers;
    }
};

}  // namespace

TEST_CASE("notice board: leaves fresh messages until the notice is withdrawn") {
    Office office;
    NoticeBoard board(office.io, office.service, office.workers, office.clock, office.randomness,
                      office.log, {2ms, 1ms});
    auto const notice = notice_of(office.bob.now, 1);
    REQUIRE(board.announce(office.bob.node, notice));
    run_until(office.io, [&] { return office.service.puts().size() >= 3; });
    auto const puts = office.service.puts();
    CHECK(puts[0].signer != puts[1].signer);
    CHECK(*open_notice(puts[1], office.bob.node_key) == notice);
    board.withdraw(notice.offer);
    CHECK(board.size() == 0);
    board.withdraw(notice.offer);
    auto const other = notice_of(office.bob.now, 2);
    REQUIRE(board.announce(office.bob.node, other));
    run_until(office.io, [&] { return office.put().back() == other.offer; });
    auto const offers = office.put();
    run_until(office.io, [&] { return office.put().size() >= offers.size() + 2; });
    CHECK(office.put().back() == other.offer);
}

TEST_CASE("notice board: tries again soon where a put fails, and ends with its offer") {
    Office office;
    NoticeBoard board(office.io, office.service, office.workers, office.clock, office.randomness,
                      office.log, {1h, 1ms});
    office.service.set_cut_off(true);
    REQUIRE(board.announce(office.bob.node, notice_of(office.bob.now, 1)));
    run_until(office.io, [&] { return office.service.puts().size() >= 2; });
    CHECK(office.dht.store.empty());
    office.service.set_cut_off(false);
    run_until(office.io, [&] { return office.dht.store.size() == 1; });

    NoticeBoard brisk(office.io, office.service, office.workers, office.clock, office.randomness,
                      office.log, {1ms, 1ms});
    REQUIRE(brisk.announce(office.bob.node, notice_of(office.bob.now, 2)));
    office.clock.advance(3'601s);
    run_until(office.io, [&] { return brisk.size() == 0; });
}

TEST_CASE("notice board: at one receiver some wait their turn, and there is an end to all") {
    Office office;
    NoticeBoardOptions options{1h, 1h};
    options.live_per_receiver = 2;
    options.notices_max = 4;
    NoticeBoard board(office.io, office.service, office.workers, office.clock, office.randomness,
                      office.log, options);
    for (unsigned i = 0; i < 4; ++i)
        REQUIRE(board.announce(office.bob.node, notice_of(office.bob.now, i)));
    auto const fifth = board.announce(office.bob.node, notice_of(office.bob.now, 5));
    REQUIRE_FALSE(fifth);
    CHECK(fifth.error().fault == Fault::refused);
    CHECK(board.announce(office.bob.node, notice_of(office.bob.now, 3)));  // known: replaced
    run_until(office.io, [&] { return office.put().size() == 2; });
    auto const first = office.put().front();
    board.withdraw(first);
    run_until(office.io, [&] { return office.put().size() == 3; });

    PullNotice over = notice_of(office.bob.now, 6);
    over.control.resize(5, {"127.0.0.1", 1});
    CHECK(board.announce(office.bob.node, over).error().fault == Fault::too_large);
    PullNotice unsealable = notice_of(office.bob.now, 7);
    REQUIRE(board.announce(NodeKey(), unsealable));
    run_until(office.io, [&] { return board.size() == 3; });
}
