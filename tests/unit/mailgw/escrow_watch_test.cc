#include "mailgw/escrow_watch.h"

#include <doctest/doctest.h>

#include "mailgw/delivery.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/fake_mail_server.h"
#include "tests/unit/mailgw/fake_storage.h"
#include "tests/unit/mailgw/gateway_lab.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

using std::chrono::seconds;

/// A spool, a storage that is away, and a server that takes what is delivered; no threads.
struct World {
    TempFolder folder;
    FakeClock clock;
    SeededRandomness randomness;
    EventLog log{-1, EventLog::Level::error};
    StopSignal stop;
    FakeStorage storage;
    FakeMailServer server;
    std::unique_ptr<Spool> spool = Spool::open(folder / "spool", clock, randomness).value();
    std::unique_ptr<NextHop> hop = make_next_hop(server.url(), {.helo = "gw.test"}, stop).value();
    std::unique_ptr<RecipientLocator> locator = storage.locator();
    std::unique_ptr<AttachmentDepot> depot = storage.depot();
    std::unique_ptr<EscrowDepot> escrow = storage.escrow_depot();
    bool may_escrow = true;

    World() {
        for (char const* address : {"bob@b.test", "carol@c.test"}) {
            auto report = report_of(address);
            report.available = false;
            report.reason = "no presence";
            storage.has_storage.emplace(address, report);
            storage.away.insert(address);
        }
    }

    void restart() {
        spool.reset();
        spool = Spool::open(folder / "spool", clock, randomness).value();
    }

    std::string put(std::string const& text, std::vector<std::string> const& recipients,
                    std::string const& ret = "") {
        Envelope envelope;
        envelope.sender = "alice@a.test";
        envelope.ret = ret;
        envelope.trace = "Received: x\r\nX-Satchel-Loop: t\r\n";
        for (auto const& address : recipients)
            envelope.recipients.push_back({address, "", ""});
        auto draft = spool->begin(0).value();
        REQUIRE(draft.write(bytes_of(text)));
        auto const id = draft.id();
        REQUIRE(spool->commit(std::move(draft), envelope));
        return id;
    }

    Result<SpooledMessage> attempt(std::string const& id) {
        Delivery delivery(
            {*spool, *locator, *depot, *hop, clock, randomness, log, stop},
            {{}, {seconds(30), seconds(3600), seconds(86'400)}, "gw.test", may_escrow, true});
        return delivery.attempt(id);
    }

    /// The only message that is due.
    SpooledMessage attempt_due() {
        auto const due = spool->due(10).value();
        REQUIRE(due.size() == 1);
        return attempt(due[0]).value();
    }

    std::size_t look() {
        DeliveryQueue queue(*spool, log);
        return EscrowWatch(*spool, queue, log).round(*escrow).value();
    }

    RecipientState state_of(std::string const& id, std::size_t number = 0) {
        return spool->load(id).value().recipients.at(number).state;
    }

    bool spool_is_empty() {
        return std::filesystem::is_empty(folder / "spool/msg") && spool->list()->empty();
    }
};

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("escrow: placeholders leave at once, receipts end it") {
    World world;
    auto const id = world.put(mail_with_attachments(2), {"bob@b.test", "dan@d.test"});
    auto message = world.attempt(id).value();
    CHECK(message.recipients[0].plan == Plan::escrow);
    CHECK(message.recipients[0].reason == "no presence");
    CHECK(message.recipients[0].state == RecipientState::escrowed);
    CHECK(message.recipients[1].state == RecipientState::done);
    REQUIRE(world.server.mails().size() == 2);
    CHECK(contains(world.server.mails()[0].data, "X-Satchel-Part: "));
    CHECK(world.storage.waiting() == std::vector<std::string>{"t1", "t2"});
    // The original is kept for a repair, its copy is not.
    CHECK(read_file(world.folder / "spool/msg" / id) == mail_with_attachments(2));
    CHECK_FALSE(std::filesystem::exists(world.folder / "spool/msg" / (id + ".0")));

    CHECK(world.look() == 2);
    CHECK(world.state_of(id) == RecipientState::escrowed);
    CHECK(world.spool->load(id)->recipients[0].trouble == "no presence");
    world.restart();
    CHECK(world.spool->due(10)->empty());

    world.storage.escrow_arrives();
    CHECK(world.look() == 2);
    CHECK(world.spool_is_empty());
    CHECK(world.look() == 0);
    CHECK(world.storage.released() == std::vector<std::string>{"t1", "t2"});
    CHECK(world.server.mails().size() == 2);
}

TEST_CASE("escrow: a receipt that is in before the mail has left") {
    World world;
    world.server.set_answer(
        [](std::string const& command) { return command.starts_with("MAIL") ? "451 later" : ""; });
    auto const id = world.put(mail_with_attachments(1), {"bob@b.test"});
    CHECK(world.attempt(id)->recipients[0].state == RecipientState::queued);
    world.storage.escrow_arrives();
    world.look();
    world.server.set_answer([](std::string const&) { return ""; });
    world.clock.advance(seconds(60));
    auto const message = world.attempt_due();
    CHECK(message.recipients[0].state == RecipientState::done);
    CHECK(text_of(message.recipients[0].parts[0].receipt) == "late receipt");
    CHECK(contains(world.server.mails()[0].data, "X-Satchel-Part: "));
    CHECK(world.spool_is_empty());
}

TEST_CASE("escrow: what nobody fetched in time goes in full, byte for byte") {
    World world;
    auto const mail = mail_with_attachments(1);
    auto const id = world.put(mail, {"bob@b.test"});
    world.attempt(id).value();
    world.clock.advance(seconds(86'399));
    CHECK(world.spool->due(10)->empty());
    world.clock.advance(seconds(1));
    SUBCASE("at once") {}
    SUBCASE("after the next hop was away") {
        world.server.set_answer([](std::string const& command) {
            return command.starts_with("MAIL") ? "451 later" : "";
        });
        auto const message = world.attempt_due();
        CHECK(message.recipients[0].state == RecipientState::repairing);
        CHECK(message.recipients[0].trouble == "451 later");
        world.restart();
        world.server.set_answer([](std::string const&) { return ""; });
        world.clock.advance(seconds(60));
    }
    auto const message = world.attempt_due();
    CHECK(message.recipients[0].state == RecipientState::done);
    REQUIRE(world.server.mails().size() == 2);
    auto const repair = world.server.mails()[1];
    CHECK(contains(repair.data, "\r\n\r\n" + mail + "\r\n--=_satchel_"));
    CHECK(contains(repair.data, "\r\nReferences: <1@a.test>\r\n"));
    CHECK(contains(repair.data, "Content-Type: message/rfc822\r\n"));
    CHECK_FALSE(contains(repair.data, "Message-ID: <1@a.test>\r\nReferences"));
    CHECK(world.spool_is_empty());
    world.look();
    CHECK(world.storage.released() == std::vector<std::string>{"t1"});
}

TEST_CASE("escrow: by hand, and when the escrow has lost it") {
    World world;
    auto const id = world.put(mail_with_attachments(1), {"bob@b.test"});
    world.attempt(id).value();
    SUBCASE("by hand") {
        CHECK(world.spool->give_up_escrow(id).value() == 1);
    }
    SUBCASE("lost") {
        world.storage.escrow_is_lost();
        world.look();
    }
    auto const message = world.attempt_due();
    CHECK(message.recipients[0].state == RecipientState::done);
    REQUIRE(world.server.mails().size() == 2);
    CHECK(contains(world.server.mails()[1].data, mail_with_attachments(1)));
    CHECK(world.spool_is_empty());
    CHECK(world.spool->give_up_escrow(id).error().fault == Fault::not_found);
}

TEST_CASE("escrow: lost before the mail has left, it goes in full") {
    World world;
    world.server.set_answer(
        [](std::string const& command) { return command.starts_with("MAIL") ? "451 later" : ""; });
    auto const id = world.put(mail_with_attachments(1), {"bob@b.test"});
    world.attempt(id).value();
    world.storage.escrow_is_lost();
    world.look();
    world.server.set_answer([](std::string const&) { return ""; });
    world.clock.advance(seconds(60));
    world.attempt_due();
    REQUIRE(world.server.mails().size() == 1);
    CHECK(below_trace(world.server.mails()[0].data) == mail_with_attachments(1));
    CHECK(world.spool_is_empty());
}

TEST_CASE("escrow: nobody to ask concludes nothing") {
    World world;
    auto const id = world.put(mail_with_attachments(1), {"bob@b.test"});
    world.attempt(id).value();
    world.storage.depot_broken = true;
    DeliveryQueue queue(*world.spool, world.log);
    CHECK_FALSE(EscrowWatch(*world.spool, queue, world.log).round(*world.escrow));
    CHECK(world.state_of(id) == RecipientState::escrowed);
    CHECK(world.spool->due(10)->empty());
    world.storage.depot_broken = false;
    // A message that somebody works at is left for the next round.
    queue.claim(id);
    world.storage.escrow_arrives();
    CHECK(EscrowWatch(*world.spool, queue, world.log).round(*world.escrow).value() == 1);
    CHECK(world.state_of(id) == RecipientState::escrowed);
    queue.release(id);
    CHECK(EscrowWatch(*world.spool, queue, world.log).round(*world.escrow).value() == 1);
    CHECK(world.spool_is_empty());
}

TEST_CASE("escrow: not where this gateway may sleep, and what was kept in vain is released") {
    World world;
    SUBCASE("may sleep") {
        world.may_escrow = false;
        auto const message =
            world.attempt(world.put(mail_with_attachments(1), {"bob@b.test"})).value();
        CHECK(message.recipients[0].plan == Plan::full);
        CHECK(message.recipients[0].reason == "no presence");
        CHECK(world.storage.waiting().empty());
    }
    SUBCASE("the second part is refused") {
        int calls = 0;
        world.storage.before_deposit = [&] {
            if (++calls == 2) world.storage.away.clear();
            if (calls == 2) world.storage.refuses = {{"bob@b.test", "quota reached"}};
        };
        auto const message =
            world.attempt(world.put(mail_with_attachments(2), {"bob@b.test"})).value();
        CHECK(message.recipients[0].plan == Plan::full);
        CHECK(message.recipients[0].reason == "quota reached");
        world.look();
        CHECK(world.storage.released() == std::vector<std::string>{"t1"});
    }
    REQUIRE(world.server.mails().size() == 1);
    CHECK(world.spool_is_empty());
}

TEST_CASE("escrow: a repair that is refused is told to the sender") {
    World world;
    auto const mail = mail_with_attachments(1);
    std::string ret;
    SUBCASE("header alone") {}
    SUBCASE("in full") {
        ret = "FULL";
    }
    world.attempt(world.put(mail, {"bob@b.test"}, ret)).value();
    world.clock.advance(seconds(86'400));
    world.server.set_answer([](std::string const& command) {
        return command.starts_with("RCPT TO:<bob") ? "550 5.1.1 no such user" : "";
    });
    auto const message = world.attempt_due();
    CHECK(message.recipients[0].state == RecipientState::bounced);
    auto const notice = world.attempt_due();
    CHECK(notice.envelope.sender.empty());
    CHECK(notice.recipients[0].state == RecipientState::done);
    REQUIRE(world.server.mails().size() == 2);
    auto const told = world.server.mails()[1];
    CHECK(told.from.starts_with("MAIL FROM:<>"));
    REQUIRE(told.to.size() == 1);
    CHECK(told.to[0].starts_with("RCPT TO:<alice@a.test>"));
    CHECK(contains(told.data, "report-type=delivery-status"));
    CHECK(
        contains(told.data,
                 "\r\nFinal-Recipient: rfc822; bob@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
    CHECK(contains(told.data, "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"));
    CHECK(contains(told.data, mail) == (ret == "FULL"));
    CHECK(world.spool_is_empty());
    world.look();
    CHECK(world.storage.released() == std::vector<std::string>{"t1"});
}

TEST_CASE("gateway: what waits in escrow ends by receipt, by hand, and after a restart") {
    GatewayLab world;
    auto report = report_of("bob@b.test");
    report.available = false;
    world.storage.has_storage = {{"bob@b.test", report}};
    world.storage.away = {"bob@b.test"};
    world.start();
    auto client = world.client();
    client.reply();
    client.ask("EHLO c");
    REQUIRE(send_mail(client, mail_with_attachments(1), {"bob@b.test"}).starts_with("250"));
    auto const escrowed = [&] {
        auto const all = world.gateway->queue().value();
        return all.size() == 1 && all[0].recipients[0].state == RecipientState::escrowed;
    };
    REQUIRE(world.wait_until(escrowed));
    auto const id = world.gateway->queue()->front().id;
    CHECK(mail_in(world.folder / "mail/bob@b.test").size() == 1);
    CHECK(world.gateway->retry(id).value() == 1);
    CHECK(world.storage.hurried() == std::vector<std::string>{"t1"});
    SUBCASE("by receipt") {
        world.storage.escrow_arrives();
    }
    SUBCASE("by receipt, after a restart") {
        world.gateway.reset();
        world.storage.escrow_arrives();
        world.start();
    }
    SUBCASE("by hand") {
        CHECK(world.gateway->repair(id).value() == 1);
        REQUIRE(world.queue_runs_empty());
        auto const mails = mail_in(world.folder / "mail/bob@b.test");
        REQUIRE(mails.size() == 2);
        CHECK((mails[0] + mails[1]).find(mail_with_attachments(1)) != std::string::npos);
    }
    REQUIRE(world.queue_runs_empty());
    CHECK(world.wait_until([&] { return world.storage.released().size() == 1; }));
}
