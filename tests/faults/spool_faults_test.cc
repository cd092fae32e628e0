// Crashes and full disks between any two writes of the way from the final dot to the Maildir.
#include <doctest/doctest.h>

#include "mailgw/delivery.h"
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

/// Bob has storage, carol has none.
struct World {
    explicit World(std::filesystem::path const& folder)
        : folder_(folder)
        , hop_(make_next_hop("maildir:" + folder.string() + "/mail/{recipient}",
                             {.helo = "gw.test"}, stop_)
                   .value()) {
        storage_.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
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
        envelope.recipients = {{"bob@b.test", "", ""}, {"carol@c.test", "", ""}};
        auto draft = spool_->begin(0);
        if (!draft) return fail(draft.error());
        auto const mail = mail_with_attachments(1);
        for (std::size_t at = 0; at < mail.size(); at += 65'536) {
            auto done = draft->write(bytes_of(std::string_view(mail).substr(at, 65'536)));
            if (!done) return fail(done.error());
        }
        auto const id = draft->id();
        if (auto done = spool_->commit(std::move(*draft), envelope); !done) {
            return fail(done.error());
        }
        return id;
    }

    Status deliver(std::string const& id) {
        auto const locator = storage_.locator();
        auto const depot = storage_.depot();
        Delivery delivery({*spool_, *locator, *depot, *hop_, clock_, randomness_, log_, stop_}, {});
        auto const outcome = delivery.attempt(id);
        return outcome ? Status() : Status(fail(outcome.error()));
    }

    Spool& spool() { return *spool_; }

    /// What a restart makes of it: everything is delivered, once, and nothing is left over.
    void settle() {
        REQUIRE(open());
        clock_.advance(std::chrono::hours(2));
        auto const waiting = spool_->due(100).value();
        for (auto const& id : waiting)
            REQUIRE(deliver(id));
        CHECK(spool_->list()->empty());
        CHECK(std::filesystem::is_empty(folder_ / "spool/msg"));
    }

    std::size_t check_mail() const {
        auto const bob = mail_in(folder_ / "mail/bob@b.test");
        auto const carol = mail_in(folder_ / "mail/carol@c.test");
        for (auto const& mail : carol)
            CHECK(below_trace(mail) == mail_with_attachments(1));
        for (auto const& mail : bob) {
            // Where there is no room for a copy, the message goes in full.
            bool const placed = below_trace(mail).find("X-Satchel-Part: ") != std::string::npos;
            CHECK((placed || below_trace(mail) == mail_with_attachments(1)));
            CHECK(below_trace(mail).ends_with("--b0--\r\n"));
        }
        CHECK(bob.size() == carol.size());
        return carol.size();
    }

private:
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

TEST_CASE("faults: kill -9 between any two writes loses nothing and duplicates nothing") {
    auto const deaths = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        auto const last = run_and_die(n, [&](auto const& tell) {
            World world(folder.path());
            if (!world.open()) return false;
            auto const id = world.receive();
            if (!id) return false;
            tell('r');  // the 250
            return world.deliver(*id).has_value();
        });
        World world(folder.path());
        world.settle();
        auto const copies = world.check_mail();
        // Before the 250 the sender still answers for it.
        if (last.told == "r") CHECK(copies == 1);
        CHECK(copies <= 1);
        return last.died;
    });
    MESSAGE("survived " << deaths << " deaths");
    CHECK(deaths > 30);
}

TEST_CASE("faults: a disk that fills up at any write loses nothing and heals by itself") {
    std::uint64_t refusals = 0;
    auto const failures = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        World world(folder.path());
        REQUIRE(world.open());
        FailingDisk::fill_up_at(n);
        auto const id = world.receive();
        if (!id) {
            ++refusals;
            CHECK(id.error().fault == Fault::no_space);
            // Nothing half-written stays.
            CHECK(std::filesystem::is_empty(folder / "spool/msg"));
        }
        bool const well = id && world.deliver(*id) && world.check_mail() == 1;
        FailingDisk::mend();
        // The same process goes on once there is room: nothing was told twice.
        if (id) {
            for (int i = 0; i < 3; ++i)
                static_cast<void>(world.deliver(*id));
        }
        world.settle();
        CHECK(world.check_mail() == (id ? 1 : 0));
        return !well;
    });
    CHECK(refusals > 3);
    CHECK(failures > refusals);
}
