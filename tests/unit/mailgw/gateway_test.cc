#include "mailgw/gateway.h"

#include <condition_variable>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"
#include "tests/unit/mailgw/fake_mail_server.h"
#include "tests/unit/mailgw/gateway_lab.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;
using namespace std::chrono_literals;
using World = GatewayLab;

TEST_CASE("gateway: from an SMTP client to Maildirs, with and without storage") {
    World world;
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    world.start();
    auto client = world.client();
    CHECK(client.reply() == "220 gw.test ESMTP Satchel");
    CHECK(client.ask("EHLO client.test").starts_with("250 "));
    auto const mail = mail_with_attachments(1);
    CHECK(send_mail(client, mail, {"bob@b.test", "carol@c.test"})
              .starts_with("250 2.0.0 Ok: queued"));
    CHECK(send_mail(client, plain_mail(), {"carol@c.test"}).starts_with("250 2.0.0 Ok: queued"));
    REQUIRE(world.queue_runs_empty());
    auto const bob = mail_in(world.folder / "mail/bob@b.test");
    REQUIRE(bob.size() == 1);
    CHECK(bob[0].find("X-Satchel-Part: ") != std::string::npos);
    auto carol = mail_in(world.folder / "mail/carol@c.test");
    REQUIRE(carol.size() == 2);
    if (carol[0].size() < carol[1].size()) std::swap(carol[0], carol[1]);
    CHECK(below_trace(carol[0]) == mail);
    CHECK(below_trace(carol[1]) == plain_mail());
    CHECK(
        carol[1].starts_with("Return-Path: <alice@a.test>\r\nReceived: from client.test (unknown "
                             "[127.0.0.1])\r\n\tby gw.test (Satchel) with ESMTP id "));
    CHECK(carol[1].find("\r\n\tfor <carol@c.test>;\r\n\t") != std::string::npos);

    // What went through once is not taken again.
    CHECK(send_mail(client, carol[1], {"carol@c.test"}).starts_with("554 5.4.6"));
    CHECK(client.ask("QUIT").starts_with("221"));
    CHECK_FALSE(client.line());
}

TEST_CASE("gateway: announces what the next hop has") {
    World world;
    FakeMailServer server({"8BITMIME", "DSN"});
    world.settings.next_hop = server.url();
    world.start();
    auto client = world.client();
    client.reply();
    client.send("EHLO c\r\n");
    std::string all;
    while (auto const line = client.line()) {
        all += *line + '\n';
        if (line->starts_with("250 ")) break;
    }
    CHECK(all.find("250-DSN\n") != std::string::npos);
    CHECK(all.find("SMTPUTF8") == std::string::npos);
}

TEST_CASE("gateway: learns what a next hop can that was away at first") {
    World world;
    auto const away = [](std::string const& command) -> std::string {
        return command.find("HLO ") == 1 ? "421 not yet" : "";
    };
    FakeMailServer out({"DSN"}, away);
    FakeMailServer in({"DSN"}, away);
    world.settings.next_hop = out.url();
    world.settings.lmtp_listen = Endpoint{"127.0.0.1", 0};
    world.settings.inbound_next_hop = in.url("lmtp");
    world.start();
    auto const reply_to_ret = [&](std::uint16_t port, char const* hello) {
        auto client = LineSocket::connect(port);
        client.reply();
        client.ask(hello);
        return client.ask("MAIL FROM:<a@a.test> RET=HDRS");
    };
    auto const smtp = [&] { return reply_to_ret(world.gateway->smtp_port(), "EHLO c"); };
    auto const lmtp = [&] { return reply_to_ret(*world.gateway->lmtp_port(), "LHLO c"); };
    CHECK(smtp().starts_with("451 4.4.1"));
    CHECK(lmtp().starts_with("451 4.4.1"));
    // One that stays away keeps nothing from the other.
    in.set_answer([](auto const&) { return ""; });
    CHECK(world.wait_until([&] { return lmtp().starts_with("250"); }));
    CHECK(smtp().starts_with("451 4.4.1"));
    out.set_answer([](auto const&) { return ""; });
    CHECK(world.wait_until([&] { return smtp().starts_with("250"); }));
}

TEST_CASE("gateway: each side has its listener, its next hop, and what that can") {
    World world;
    FakeMailServer out({"8BITMIME", "SMTPUTF8"});
    FakeMailServer in({"PIPELINING", "DSN"});
    world.settings.next_hop = out.url();
    world.settings.lmtp_listen = Endpoint{"127.0.0.1", 0};
    world.settings.inbound_next_hop = in.url("lmtp");
    world.start();
    auto client = world.client();
    client.reply();
    client.ask("EHLO c");
    CHECK(send_mail(client, plain_mail(), {"bob@b.test"}).starts_with("250"));
    REQUIRE(world.queue_runs_empty());
    REQUIRE(out.mails().size() == 1);
    CHECK(in.mails().empty());

    REQUIRE(world.gateway->lmtp_port());
    auto lmtp = LineSocket::connect(*world.gateway->lmtp_port());
    CHECK(lmtp.reply() == "220 gw.test LMTP Satchel");
    lmtp.send("LHLO mx.test\r\n");
    std::string all;
    while (auto const line = lmtp.line()) {
        all += *line + '\n';
        if (line->starts_with("250 ")) break;
    }
    CHECK(all.find("250-DSN\n") != std::string::npos);
    CHECK(all.find("SMTPUTF8") == std::string::npos);
    // What we sent out may come in again: a loop is what passes the same side twice.
    auto const returned = out.mails()[0].data;
    lmtp.send("MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@b.test>\r\nRCPT TO:<dora@b.test>\r\n");
    CHECK(lmtp.reply().starts_with("250"));
    CHECK(lmtp.reply().starts_with("250"));
    CHECK(lmtp.reply().starts_with("250"));
    CHECK(lmtp.ask("DATA").starts_with("354"));
    CHECK(lmtp.ask(returned + ".").starts_with("250 2.0.0"));
    CHECK(lmtp.reply().starts_with("250 2.0.0"));
    REQUIRE(world.queue_runs_empty());
    CHECK(out.mails().size() == 1);
    REQUIRE(in.mails().size() == 1);
    auto const mail = in.mails()[0];
    CHECK(mail.to.size() == 2);
    CHECK(mail.data.ends_with(returned));
    CHECK(mail.data.starts_with(
        "Received: from mx.test (unknown [127.0.0.1])\r\n\tby gw.test (Satchel) "
        "with LMTP id "));
    // And this is one.
    lmtp.send("MAIL FROM:<alice@a.test>\r\nRCPT TO:<bob@b.test>\r\nDATA\r\n");
    CHECK(lmtp.reply().starts_with("250"));
    CHECK(lmtp.reply().starts_with("250"));
    CHECK(lmtp.reply().starts_with("354"));
    CHECK(lmtp.ask(mail.data + ".").starts_with("554 5.4.6"));
}

TEST_CASE("gateway: without a next hop of its own, incoming mail takes the only one") {
    World world;
    world.settings.lmtp_listen = Endpoint{"127.0.0.1", 0};
    world.start();
    auto lmtp = LineSocket::connect(*world.gateway->lmtp_port());
    lmtp.reply();
    lmtp.ask("LHLO mx.test");
    CHECK(send_mail(lmtp, plain_mail(), {"bob@b.test"}).starts_with("250"));
    REQUIRE(world.queue_runs_empty());
    CHECK(mail_in(world.folder / "mail/bob@b.test").size() == 1);
}

TEST_CASE("gateway: wrong settings are told by their names") {
    struct Row {
        char const* next_hop;
        char const* inbound_next_hop;
        char const* said;
    };

    for (Row const& row : {
             Row{"smtp://", "", "gateway.next_hop: \"smtp://\": "},
             Row{"smtp://a.test", "lmtp://b.test", "gateway.inbound_next_hop: \"lmtp://b.test\": "},
         }) {
        CAPTURE(row.said);
        World world;
        world.settings.next_hop = row.next_hop;
        world.settings.inbound_next_hop = row.inbound_next_hop;
        auto const opened =
            Gateway::open(world.settings, {[&] { return world.storage.locator(); },
                                           [&] { return world.storage.depot(); }, nullptr,
                                           world.clock, world.randomness, world.log});
        REQUIRE_FALSE(opened);
        CHECK(opened.error().fault == Fault::config);
        CHECK(opened.error().what.starts_with(row.said));
    }
}

TEST_CASE("gateway: a next hop that fails and comes back gets everything once") {
    World world;
    FakeMailServer server;
    std::atomic<int> mails_seen = 0;
    server.set_answer([&](std::string const& command) -> std::string {
        if (!command.starts_with("MAIL")) return "";
        auto const count = ++mails_seen;
        return count == 1 ? "DROP" : count == 2 ? "451 later" : "";
    });
    world.settings.next_hop = server.url();
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    world.start();
    auto client = world.client();
    client.reply();
    client.ask("EHLO c");
    CHECK(send_mail(client, mail_with_attachments(1), {"bob@b.test", "carol@c.test"})
              .starts_with("250"));
    REQUIRE(world.queue_runs_empty());
    CHECK(server.mails().size() == 2);
    CHECK(world.storage.deposited().size() == 1);
}

TEST_CASE("gateway: 200 sessions at once, and slow ones stall nobody") {
    World world;
    world.start();
    // Each holds a session in the middle of something.
    std::vector<LineSocket> slow;
    for (int i = 0; i < 100; ++i) {
        slow.push_back(world.client());
        slow.back().reply();
        slow.back().send("EHLO slow\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<slow@b.test>\r\n");
        if (i % 2 == 0) slow.back().send("DATA\r\nhalf a li");
    }
    std::vector<std::thread> threads;
    std::atomic<int> stored = 0;
    for (int thread = 0; thread < 10; ++thread) {
        threads.emplace_back([&world, &stored, thread] {
            std::vector<LineSocket> clients;
            for (int i = 0; i < 10; ++i)
                clients.push_back(world.client());
            for (auto& client : clients) {
                client.reply();
                client.ask("EHLO c");
            }
            for (auto& client : clients) {
                auto const to = "u" + std::to_string(thread) + "@b.test";
                if (send_mail(client, plain_mail(), {to}).starts_with("250")) ++stored;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    CHECK(stored == 100);
    for (auto& client : slow)
        CHECK(client.reply().starts_with("250 "));
    slow[0].reply();
    slow[0].reply();
    CHECK(slow[0].reply().starts_with("354"));
    CHECK(slow[0].ask("ne\r\n.").starts_with("250"));
    REQUIRE(world.queue_runs_empty());
    std::size_t delivered = 0;
    for (int thread = 0; thread < 10; ++thread)
        delivered += mail_in(world.folder / ("mail/u" + std::to_string(thread) + "@b.test")).size();
    CHECK(delivered == 100);
    CHECK(mail_in(world.folder / "mail/slow@b.test").size() == 1);
}

TEST_CASE("gateway: a stop tells the clients, and what was taken goes out after the next start") {
    World world;
    std::uint16_t dead_port = 0;
    {
        FakeMailServer gone;
        dead_port = gone.port();
    }
    auto const maildir = world.settings.next_hop;
    world.settings.next_hop = "smtp://127.0.0.1:" + std::to_string(dead_port);
    world.start();
    auto idle = world.client();
    idle.reply();
    auto busy = world.client();
    busy.reply();
    busy.ask("EHLO c");
    CHECK(send_mail(busy, plain_mail(), {"bob@b.test"}).starts_with("250"));
    busy.send("MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n");
    busy.reply();
    busy.reply();
    CHECK(busy.reply().starts_with("354"));
    busy.send("half");
    world.gateway->stop();
    CHECK(idle.reply().starts_with("421 4.3.2"));
    CHECK(busy.reply().starts_with("421 4.3.2"));
    world.gateway.reset();
    world.settings.next_hop = maildir;
    world.start();
    REQUIRE(world.queue_runs_empty());
    auto const bob = mail_in(world.folder / "mail/bob@b.test");
    REQUIRE(bob.size() == 1);
    CHECK(below_trace(bob[0]) == plain_mail());
    CHECK(world.wait_until([&] { return std::filesystem::is_empty(world.folder / "spool/msg"); }));
}

TEST_CASE("gateway: submit tells what became of each recipient") {
    World world;
    world.storage.has_storage = {{"bob@b.test", report_of("bob@b.test")}};
    std::string lf_mail;
    for (char c : mail_with_attachments(1))
        if (c != '\r') lf_mail += c;
    auto const file = memory_file(lf_mail);
    ::lseek(file.get(), 0, SEEK_SET);
    Envelope envelope;
    envelope.sender = "alice@a.test";
    envelope.recipients = {{"bob@b.test", "", ""}, {"carol@c.test", "", ""}};

    SUBCASE("to Maildirs") {
        world.open();
        auto const preview = world.gateway->preview(file.get(), envelope);
        REQUIRE(preview);
        CHECK(preview->recipients[0].planned.plan == Plan::push);
        CHECK(preview->recipients[1].planned.reason == "no storage record");
        auto const message = world.gateway->submit(file.get(), envelope);
        REQUIRE(message);
        CHECK(message->recipients[0].plan == Plan::push);
        CHECK(message->recipients[0].parts.size() == 1);
        CHECK(message->recipients[0].state == RecipientState::done);
        CHECK(message->recipients[1].state == RecipientState::done);
        auto const carol = mail_in(world.folder / "mail/carol@c.test");
        REQUIRE(carol.size() == 1);
        CHECK(below_trace(carol[0]) == mail_with_attachments(1));
        CHECK(world.gateway->queue()->empty());
    }
    SUBCASE("into the queue while the next hop is down") {
        FakeMailServer server;
        server.set_answer([](std::string const&) { return "DROP"; });
        world.settings.next_hop = server.url();
        world.open();
        auto const message = world.gateway->submit(file.get(), envelope);
        REQUIRE(message);
        CHECK(message->recipients[0].state == RecipientState::queued);
        CHECK(message->recipients[0].parts.size() == 1);
        CHECK(world.gateway->queue()->size() == 1);
        server.set_answer([](std::string const&) { return ""; });
        REQUIRE(world.gateway->start());
        REQUIRE(world.queue_runs_empty());
        CHECK(server.mails().size() == 2);
        CHECK(world.storage.deposited().size() == 1);
    }
    SUBCASE("refused before it is taken") {
        world.settings.message_max = 1000;
        world.open();
        CHECK(world.gateway->submit(file.get(), envelope).error().fault == Fault::too_large);
        envelope.recipients.clear();
        CHECK(world.gateway->submit(file.get(), envelope).error().fault == Fault::usage);
        CHECK(std::filesystem::is_empty(world.folder / "spool/msg"));
    }
}
