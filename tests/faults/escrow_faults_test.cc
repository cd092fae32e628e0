// Crashes and full disks between any two writes from the final dot through escrow to the repair.
// The escrow itself is forgotten at each restart: the worst that can happen to it.
#include <doctest/doctest.h>

#include "mailgw/delivery.h"
#include "mailgw/escrow_watch.h"
#include "mailgw/next_hop.h"
#include "mailgw/spool.h"
#include "src/base/sodium_randomness.h"
#include "tests/faults/dying_child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/fake_storage.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

/// Bob has storage that is away; whoever has "refused" in the address is refused by the next hop.
class World {
public:
    explicit World(std::filesystem::path const& folder)
        : folder_(folder)
        , hop_(make_next_hop("maildir:" + folder.string() + "/mail/{recipient}",
                             {.helo = "gw.test"}, stop_)
                   .value()) {
        auto report = report_of("bob@b.test");
        report.available = false;
        storage_.has_storage = {{"bob@b.test", report}};
        storage_.away = {"bob@b.test"};
    }

    Status open() {
        spool_.reset();
        auto opened = Spool::open(folder_ / "spool", clock_, randomness_);
        if (!opened) return fail(opened.error());
        spool_ = std::move(*opened);
        return {};
    }

    /// Up to what would be the 250.
    Result<std::string> receive() {
        Envelope envelope;
        envelope.sender = "alice@a.test";
        envelope.trace = "X-Satchel-Loop: t\r\n";
        envelope.recipients = {{"bob@b.test", "", ""}, {too_long_for_a_folder(), "", ""}};
        auto draft = spool_->begin(0);
        if (!draft) return fail(draft.error());
        if (auto done = draft->write(bytes_of(mail_with_attachments(1))); !done)
            return fail(done.error());
        auto const id = draft->id();
        if (auto done = spool_->commit(std::move(*draft), envelope); !done)
            return fail(done.error());
        return id;
    }

    /// All that is due, and all that became due while five days passed.
    Status work() {
        auto const escrow = storage_.escrow_depot();
        for (int day = 0; day < 8; ++day) {
            auto const due = spool_->due(100);
            if (!due) return fail(due.error());
            for (auto const& id : *due)
                if (auto done = deliver(id); !done) return done;
            DeliveryQueue queue(*spool_, log_);
            if (auto done = EscrowWatch(*spool_, queue, log_).round(*escrow); !done)
                return fail(done.error());
            clock_.advance(std::chrono::hours(24));
        }
        return {};
    }

    void settle() {
        REQUIRE(open());
        REQUIRE(work());
        CHECK(spool_->list()->empty());
        CHECK(std::filesystem::is_empty(folder_ / "spool/msg"));
        CHECK(spool_->ended_escrow(10)->empty());
    }

    /// How often bob has the original, in full or enclosed; alice's notices are counted beside.
    std::size_t originals(std::size_t& notices) const {
        std::size_t found = 0;
        for (auto const& mail : mail_in(folder_ / "mail/bob@b.test"))
            if (mail.find(mail_with_attachments(1)) != std::string::npos) ++found;
        notices = mail_in(folder_ / "mail/alice@a.test").size();
        return found;
    }

private:
    static std::string too_long_for_a_folder() { return std::string(250, 'x') + "@c.test"; }

    Status deliver(std::string const& id) {
        auto const locator = storage_.locator();
        auto const depot = storage_.depot();
        DeliverySettings settings;
        settings.helo = "gw.test";
        settings.may_escrow = true;
        Delivery delivery({*spool_, *locator, *depot, *hop_, clock_, randomness_, log_, stop_},
                          settings);
        auto const outcome = delivery.attempt(id);
        return outcome ? Status() : Status(fail(outcome.error()));
    }

    std::filesystem::path folder_;
    FakeClock clock_;
    SystemRandomness randomness_;
    EventLog log_{-1, EventLog::Level::error};
    StopSignal stop_;
    FakeStorage storage_;
    std::unique_ptr<NextHop> hop_;
    std::unique_ptr<Spool> spool_;
};

}  // namespace

TEST_CASE("faults: kill -9 anywhere between the 250 and the repair") {
    auto const deaths = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        auto const last = run_and_die(n, [&](auto const& tell) {
            World world(folder.path());
            if (!world.open() || !world.receive()) return false;
            tell('r');  // the 250
            return world.work().has_value();
        });
        bool const received = last.told == "r";
        World world(folder.path());
        world.settle();
        std::size_t notices = 0;
        auto const originals = world.originals(notices);
        // A Maildir knows what it has: nothing comes twice. A notice may: it is another message.
        if (received) CHECK(originals == 1);
        CHECK(originals <= 1);
        if (received) CHECK(notices >= 1);
        CHECK(notices <= 2);
        return last.died;
    });
    MESSAGE("survived " << deaths << " deaths");
    CHECK(deaths > 60);
}

TEST_CASE("faults: a disk that fills up anywhere between the 250 and the repair") {
    auto const refusals = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        bool received = false;
        bool refused = false;
        {
            World world(folder.path());
            FailingDisk::fill_up_at(n);
            received = world.open() && world.receive();
            refused = !received || !world.work();
            FailingDisk::mend();
            // The same process goes on once there is room, with what it remembers.
            if (received && n % 2 == 0) CHECK(world.work());
        }
        World world(folder.path());
        world.settle();
        std::size_t notices = 0;
        auto const originals = world.originals(notices);
        CHECK(originals == (received ? 1 : 0));
        if (received) CHECK(notices == 1);
        return refused;
    });
    CHECK(refusals > 30);
}
