#include "mailgw/delivery.h"

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/fake_mail_server.h"
#include "tests/unit/mailgw/fake_storage.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

/// A spool, a storage, a Maildir tree or a server; one message at a time.
struct World {
    TempFolder folder;
    FakeClock clock;
    SeededRandomness randomness;
    EventLog log{-1, EventLog::Level::error};
    StopSignal stop;
    FakeStorage storage;
    std::unique_ptr<Spool> spool = Spool::open(folder / "spool", clock, randomness).value();
    std::unique_ptr<RecipientLocator> locator = storage.locator();
    std::unique_ptr<AttachmentDepot> depot = storage.depot();
    std::unique_ptr<NextHop> hop;
    bool notify_senders = false;

    explicit World(std::string const& url = "")
        : hop(make_next_hop(
                  url.empty() ? "maildir:" + folder.path().string() + "/mail/{recipient}" : url,
                  {.helo = "gw.test"}, stop)
                  .value()) {}

    void restart() {
        spool.reset();
        spool = Spool::open(folder / "spool", clock, randomness).value();
    }

    std::string put(std::string const& text, std::vector<std::string> const& recipients,
                    std::string const& sender = "alice@a.test", std::string const& notify = "") {
        Envelope envelope;
        envelope.sender = sender;
        envelope.trace = "Received: x\r\nX-Satchel-Loop: t\r\n";
        for (auto const& address : recipients)
            envelope.recipients.push_back({address, notify, ""});
        auto draft = spool->begin(0).value();
        REQUIRE(draft.write(bytes_of(text)));
        auto const id = draft.id();
        REQUIRE(spool->commit(std::move(draft), envelope));
        return id;
    }

    SpooledMessage attempt(std::string const& id) {
        Delivery delivery(
            {*spool, *locator, *depot, *hop, clock, randomness, log, stop},
            {{},
             {std::chrono::seconds(30), std::chrono::seconds(3600), std::chrono::seconds(86'400)},
             "gw.test",
             false,
             notify_senders});
        return delivery.attempt(id).value();
    }

    std::string mail_of(std::string const& recipient) const {
        auto const all = mail_in(folder / "mail" / recipient);
        REQUIRE(all.size() == 1);
        return below_trace(all[0]);
    }

    bool spool_is_empty() {
        return std::filesystem::is_empty(folder / "spool/msg") && spool->list()->empty();
    }
};

}  // namespace

TEST_CASE(
    "delivery: the attachment to the storage, the placeholder in the mail, in full to others") {
    World world;
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    world.storage.has_storage.at("bob@b.test").page = "https://bob.test";
    auto const mail = mail_with_attachments(2);
    auto const message = world.attempt(world.put(mail, {"bob@b.test", "carol@c.test"}));

    CHECK(message.recipients[0].plan == Plan::push);
    CHECK(message.recipients[0].state == RecipientState::done);
    REQUIRE(message.recipients[0].parts.size() == 2);
    CHECK(message.recipients[0].parts[0].bytes == 100'000);
    CHECK(message.recipients[0].parts[0].blob_bytes == 100'032);
    CHECK(text_of(message.recipients[0].parts[0].receipt) == "receipt");
    CHECK(message.recipients[1].plan == Plan::full);
    CHECK(message.recipients[1].reason == "no storage record");

    auto const deposited = world.storage.deposited();
    REQUIRE(deposited.size() == 2);
    CHECK(deposited[0].recipients == std::vector<std::string>{"bob@b.test"});
    CHECK(deposited[0].sender == "alice@a.test");
    CHECK(deposited[0].label.name == "f0.bin");
    CHECK(deposited[0].label.subject == "files");
    CHECK(deposited[0].label.sender == "alice@a.test");
    CHECK(deposited[0].label.message_id.find("1@a.test") != std::string::npos);
    CHECK(text_of(deposited[1].content).starts_with("BBBB"));

    CHECK(world.mail_of("carol@c.test") == mail);
    auto const placed = world.mail_of("bob@b.test");
    CHECK(placed.size() < 6'000);
    CHECK(placed.find("satchel:1:" + std::string(64, '0').replace(0, 64, [] {
        std::string id;
        for (int i = 0; i < 32; ++i)
            id += "01";
        return id;
    }())) != std::string::npos);
    CHECK(placed.find("https://bob.test/a/") != std::string::npos);
    CHECK(world.spool_is_empty());
}

TEST_CASE("delivery: To and Cc share a blob, who is in neither has an own one") {
    World world;
    for (char const* address : {"bob@b.test", "carol@c.test", "dan@d.test", "eve@e.test"})
        world.storage.has_storage.emplace(address, report_of(address));
    world.attempt(world.put(mail_with_attachments(1), {"dan@d.test", "Bob@b.test", "carol@c.test",
                                                       "eve@e.test", "bob@b.test"}));
    std::vector<std::vector<std::string>> sharing;
    for (auto const& deposited : world.storage.deposited())
        sharing.push_back(deposited.recipients);
    CHECK(sharing == std::vector<std::vector<std::string>>{
                         {"bob@b.test", "carol@c.test"}, {"dan@d.test"}, {"eve@e.test"}});
    CHECK(world.spool_is_empty());
}

TEST_CASE("delivery: who does not get all parts stored gets the message in full") {
    World world;
    for (char const* address : {"bob@b.test", "carol@c.test"})
        world.storage.has_storage.emplace(address, report_of(address));
    auto const mail = mail_with_attachments(3);
    SUBCASE("one recipient's storage refuses") {
        world.storage.refuses = {{"bob@b.test", "quota reached"}};
        auto const message = world.attempt(world.put(mail, {"bob@b.test", "carol@c.test"}));
        CHECK(message.recipients[0].plan == Plan::full);
        CHECK(message.recipients[0].reason == "quota reached");
        CHECK(message.recipients[0].parts.empty());
        CHECK(message.recipients[1].plan == Plan::push);
        CHECK(world.mail_of("bob@b.test") == mail);
        // Not asked again for the other parts.
        CHECK(world.storage.deposited()[1].recipients.size() == 1);
    }
    SUBCASE("after the second part nothing is taken any more") {
        int calls = 0;
        world.storage.before_deposit = [&] { world.storage.depot_broken = ++calls > 1; };
        auto const message = world.attempt(world.put(mail, {"bob@b.test"}));
        CHECK(message.recipients[0].reason == "depot is gone");
        CHECK(world.mail_of("bob@b.test") == mail);
    }
    SUBCASE("nobody can be asked") {
        world.storage.locator_broken = true;
        auto const message = world.attempt(world.put(mail, {"bob@b.test"}));
        CHECK(message.recipients[0].reason == "nobody to ask");
        CHECK(world.mail_of("bob@b.test") == mail);
    }
    CHECK(world.spool_is_empty());
}

TEST_CASE("delivery: nobody is looked up where nothing can be detached") {
    World world;
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    world.attempt(world.put(plain_mail(), {"bob@b.test"}));
    CHECK(world.mail_of("bob@b.test") == plain_mail());
    world.attempt(world.put(mail_with_attachments(1), {"bob@[192.0.2.1]"}));
    world.attempt(world.put(mail_with_attachments(1), {"carol@c.test"}, ""));
    CHECK(world.mail_of("carol@c.test") == mail_with_attachments(1));
    CHECK(world.storage.lookups() == 0);
    CHECK(world.spool_is_empty());
}

TEST_CASE("delivery: a retry after the next hop failed deposits nothing again") {
    FakeMailServer server;
    server.set_answer(
        [](std::string const& command) { return command == "." ? "451 4.3.0 later" : ""; });
    World world(server.url());
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    auto const id = world.put(mail_with_attachments(1), {"bob@b.test", "carol@c.test"});
    auto message = world.attempt(id);
    for (auto const& recipient : message.recipients) {
        CHECK(recipient.state == RecipientState::queued);
        CHECK(recipient.tries == 1);
        CHECK(recipient.trouble == "451 4.3.0 later");
        CHECK(recipient.next_try >= world.clock.unix_seconds() + 24);
    }
    world.restart();
    message = world.attempt(id);  // not due yet
    CHECK(message.recipients[0].tries == 1);

    server.set_answer([](std::string const& command) {
        return command.starts_with("RCPT TO:<carol") ? "550 5.1.1 unknown" : "";
    });
    world.clock.advance(std::chrono::seconds(40));
    message = world.attempt(id);
    CHECK(world.storage.deposited().size() == 1);
    CHECK(message.recipients[0].state == RecipientState::done);
    CHECK(message.recipients[0].trouble.empty());
    CHECK(message.recipients[1].state == RecipientState::failed);
    CHECK(message.recipients[1].trouble == "550 5.1.1 unknown");
    REQUIRE(server.mails().size() == 1);
    CHECK(server.mails()[0].data.find("X-Satchel-Part: ") != std::string::npos);

    // What failed stays, until somebody acts.
    REQUIRE(world.spool->list()->size() == 1);
    server.set_answer([](std::string const&) { return ""; });
    CHECK(world.spool->retry(id).value() == 1);
    world.attempt(id);
    REQUIRE(server.mails().size() == 2);
    CHECK(below_trace(server.mails()[1].data) == mail_with_attachments(1));
    CHECK(world.spool_is_empty());
}

TEST_CASE("delivery: patience ends in failed, nothing is dropped") {
    FakeMailServer server;
    server.set_answer(
        [](std::string const& command) { return command.starts_with("MAIL") ? "451 later" : ""; });
    World world(server.url());
    auto const id = world.put(plain_mail(), {"bob@b.test"});
    CHECK(world.attempt(id).recipients[0].state == RecipientState::queued);
    world.clock.advance(std::chrono::seconds(86'400));
    auto const message = world.attempt(id);
    CHECK(message.recipients[0].state == RecipientState::failed);
    CHECK(message.recipients[0].trouble == "given up: 451 later");
    CHECK(read_file(world.folder / "spool/msg" / id) == plain_mail());
    CHECK(world.spool->retry(id).value() == 1);
    CHECK(world.attempt(id).recipients[0].state == RecipientState::queued);
}

TEST_CASE("delivery: a stop in the middle decides nothing") {
    World world;
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    auto const id = world.put(mail_with_attachments(1), {"bob@b.test"});
    world.storage.before_deposit = [&] {
        world.storage.depot_broken = true;
        world.stop.raise();
    };
    Delivery delivery({*world.spool, *world.locator, *world.depot, *world.hop, world.clock,
                       world.randomness, world.log, world.stop},
                      {});
    CHECK_FALSE(delivery.attempt(id));
    auto const message = world.spool->load(id).value();
    CHECK_FALSE(message.recipients[0].plan);
    CHECK(message.recipients[0].tries == 0);
}

TEST_CASE("delivery: a message that ended two runs is not read a third time") {
    World world;
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    auto const mail = mail_with_attachments(1);
    auto const id = world.put(mail, {"bob@b.test"});
    for (int run = 0; run < 2; ++run) {
        world.restart();
        REQUIRE(world.spool->note_scan(id));
    }
    world.restart();
    auto const message = world.attempt(id);
    CHECK(message.recipients[0].plan == Plan::full);
    CHECK(message.recipients[0].reason == "reading it ended this program before");
    CHECK(world.mail_of("bob@b.test") == mail);
}

TEST_CASE("delivery: whom a failure is told") {
    struct Row {
        char const* why;
        std::string sender;
        std::string notify;
        bool told;
    };

    for (Row const& row : {Row{"as ever", "alice@a.test", "", true},
                           Row{"asked for", "alice@a.test", "SUCCESS,FAILURE", true},
                           Row{"not wanted", "alice@a.test", "NEVER", false},
                           Row{"other news are wanted", "alice@a.test", "DELAY", false},
                           Row{"the null sender", "", "", false}}) {
        CAPTURE(row.why);
        FakeMailServer server;
        server.set_answer([](std::string const& command) {
            return command.starts_with("RCPT TO:<bob") ? "550 5.1.1 unknown" : "";
        });
        World world(server.url());
        world.notify_senders = true;
        auto const id =
            world.put(plain_mail(), {"bob@b.test", "carol@c.test"}, row.sender, row.notify);
        auto const message = world.attempt(id);
        CHECK(message.recipients[0].state == RecipientState::bounced);
        CHECK(message.recipients[1].state == RecipientState::done);
        auto const left = world.spool->list().value();
        // Nothing stays for ever: whoever sends from <> could fill the disk.
        REQUIRE(left.size() == (row.told ? 1 : 0));
        if (!row.told) continue;
        CHECK(left[0].id != id);
        world.attempt(left[0].id);
        REQUIRE(server.mails().size() == 2);
        CHECK(server.mails()[1].to[0].starts_with("RCPT TO:<alice@a.test>"));
        CHECK(world.spool_is_empty());
    }
}

TEST_CASE("delivery: a notice is what it says, and known should it come back in") {
    FakeMailServer server(std::vector<std::string>{"8BITMIME"});
    server.set_answer([](std::string const& command) {
        return command.starts_with("RCPT TO:<bob") ? "550 5.1.1 unknown" : "";
    });
    World world(server.url());
    world.notify_senders = true;
    Envelope envelope;
    envelope.sender = "alice@a.test";
    envelope.body = BodyType::eight_bit_mime;
    envelope.eight_bit = true;
    envelope.recipients = {{"bob@b.test", "", ""}};
    std::string const header = "From: alice@a.test\r\nSubject: x\r\n";
    auto draft = world.spool->begin(0).value();
    REQUIRE(draft.write(bytes_of(header + "\r\ngr\xc3\xbc\xc3\x9f\r\n")));
    auto const id = draft.id();
    REQUIRE(world.spool->commit(std::move(draft), envelope));
    world.attempt(id);
    auto const notices = world.spool->list().value();
    REQUIRE(notices.size() == 1);
    world.attempt(notices[0].id);
    REQUIRE(server.mails().size() == 1);
    // Only the header came back, and that is ASCII.
    CHECK(server.mails()[0].from == "MAIL FROM:<>");
    auto const sent = server.mails()[0].data;
    CHECK(sent.find("8bit") == std::string::npos);
    CHECK(sent.find(header) != std::string::npos);
    CHECK(sent.find("X-Satchel-Loop: smtp-" + world.spool->token()) != std::string::npos);
}

TEST_CASE("delivery: the notice that can't be stored is told later, and once") {
    FakeMailServer server;
    server.set_answer([](std::string const& command) {
        return command.starts_with("RCPT TO:<bob") ? "550 5.1.1 unknown" : "";
    });
    World world(server.url());
    world.notify_senders = true;
    auto const id = world.put(plain_mail(), {"bob@b.test"});
    // No file can be made in the folder, as on a full disk.
    auto const folder = world.folder / "spool/msg";
    auto const moved = world.folder / "elsewhere";
    Delivery delivery({*world.spool, *world.locator, *world.depot, *world.hop, world.clock,
                       world.randomness, world.log, world.stop},
                      {});
    server.set_answer([&](std::string const& command) {
        if (!command.starts_with("RCPT TO:<bob")) return "";
        std::error_code ignored;
        std::filesystem::rename(folder, moved, ignored);
        return "550 5.1.1 unknown";
    });
    CHECK_FALSE(delivery.attempt(id));
    std::filesystem::rename(moved, folder);
    CHECK(world.spool->load(id)->recipients[0].state == RecipientState::queued);
    server.set_answer([](std::string const& command) {
        return command.starts_with("RCPT TO:<bob") ? "550 5.1.1 unknown" : "";
    });
    CHECK(world.attempt(id).recipients[0].state == RecipientState::bounced);
    CHECK(world.spool->list()->size() == 1);
}
