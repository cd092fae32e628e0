#include "mailgw/smtp_next_hop.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"
#include "tests/unit/mailgw/fake_mail_server.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;
using Verdict = HopResult::Verdict;

namespace {

struct Hop {
    explicit Hop(FakeMailServer& server)
        : hop({MailProtocol::smtp, MailServerAddress::Security::none, "127.0.0.1", server.port(),
               ""},
              {.helo = "gw.test"}, stop) {
        envelope.sender = "alice@a.test";
        envelope.trace = "Received: x\r\n";
        envelope.recipients = {{"bob@b.test", "", ""}, {"carol@c.test", "", ""}};
    }

    std::vector<HopResult> deliver(std::string const& text = plain_mail()) {
        auto const file = memory_file(text);
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < envelope.recipients.size(); ++i)
            numbers.push_back(i);
        return hop.deliver({"0123", 1'800'000'000, envelope, numbers, file.get(), false});
    }

    StopSignal stop;
    Envelope envelope;
    SmtpNextHop hop;
};

std::string only_for(std::string const& command, char const* start, char const* reply) {
    return command.starts_with(start) ? reply : "";
}

}  // namespace

TEST_CASE("smtp_next_hop: hands on what it has, dot-stuffed, with parameters") {
    FakeMailServer server(
        {"PIPELINING", "8BITMIME", "SIZE 1000", "DSN", "SMTPUTF8", "XFORWARD NAME"});
    Hop hop(server);
    hop.envelope.body = BodyType::eight_bit_mime;
    hop.envelope.smtputf8 = true;
    hop.envelope.ret = "FULL";
    hop.envelope.envid = "Q1";
    hop.envelope.xforward = "NAME=client.test";
    hop.envelope.recipients[0].notify = "NEVER";
    hop.envelope.recipients[1].orcpt = "rfc822;c@c.test";
    for (int i = 0; i < 2; ++i) {
        for (auto const& result : hop.deliver())
            CHECK(result.verdict == Verdict::delivered);
    }
    auto const mails = server.mails();
    REQUIRE(mails.size() == 2);
    CHECK(server.connections() == 1);
    auto const bytes = plain_mail().size() + 13;
    CHECK(mails[0].from == "MAIL FROM:<alice@a.test> SIZE=" + std::to_string(bytes) +
                               " BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=Q1");
    CHECK(mails[0].to == std::vector<std::string>{"RCPT TO:<bob@b.test> NOTIFY=NEVER",
                                                  "RCPT TO:<carol@c.test> ORCPT=rfc822;c@c.test"});
    auto stuffed = plain_mail();
    stuffed.insert(stuffed.find(".dot"), ".");
    CHECK(mails[0].data == "Received: x\r\n" + stuffed);
    CHECK(server.commands()[2] == "XFORWARD NAME=client.test");
    CHECK(hop.hop.known()->dsn);
}

TEST_CASE("smtp_next_hop: parameters stay behind where they are not offered") {
    FakeMailServer server(std::vector<std::string>{});
    Hop hop(server);
    hop.envelope.body = BodyType::eight_bit_mime;
    hop.envelope.smtputf8 = true;
    hop.envelope.ret = "FULL";
    hop.envelope.recipients[0].notify = "NEVER";
    CHECK(hop.deliver()[0].verdict == Verdict::delivered);
    CHECK(server.mails()[0].from == "MAIL FROM:<alice@a.test>");
    CHECK(server.mails()[0].to[0] == "RCPT TO:<bob@b.test>");

    std::size_t delivered = 1;
    SUBCASE("8-bit text goes as it stands") {
        hop.envelope.eight_bit = true;
        CHECK(hop.deliver("A: b\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n")[0].verdict == Verdict::delivered);
        CHECK(server.mails().back().from == "MAIL FROM:<alice@a.test>");
        CHECK(server.mails().back().data.ends_with("gr\xc3\xbc\xc3\x9f\r\n"));
        delivered = 2;
    }
    SUBCASE("internationalised headers are not downgraded") {
        hop.envelope.eight_bit_header = true;
        CHECK(hop.deliver()[0].verdict == Verdict::permanent);
    }
    SUBCASE("internationalised addresses are not downgraded") {
        hop.envelope.recipients[1].address = "c\xc3\xb6@c.test";
        CHECK(hop.deliver()[1].verdict == Verdict::permanent);
    }
    CHECK(server.mails().size() == delivered);
}

TEST_CASE("smtp_next_hop: each refusal reaches whom it concerns") {
    struct Row {
        std::string why;
        char const* command;
        char const* reply;
        Verdict bob, carol;
    };

    for (Row const& row : {
             Row{"greeting 4xx", "hello", "421 busy", Verdict::temporary, Verdict::temporary},
             Row{"greeting 5xx", "hello", "554 no", Verdict::temporary, Verdict::temporary},
             Row{"greeting lost", "hello", "DROP", Verdict::temporary, Verdict::temporary},
             Row{"no SMTP", "hello", "HTTP/1.1 400 Bad", Verdict::temporary, Verdict::temporary},
             Row{"MAIL 4xx", "MAIL", "451 later", Verdict::temporary, Verdict::temporary},
             Row{"MAIL 5xx", "MAIL", "550 never", Verdict::permanent, Verdict::permanent},
             Row{"MAIL lost", "MAIL", "DROP", Verdict::temporary, Verdict::temporary},
             Row{"RCPT 4xx", "RCPT TO:<bob", "450 later", Verdict::temporary, Verdict::delivered},
             Row{"RCPT 5xx", "RCPT TO:<carol", "550 unknown", Verdict::delivered,
                 Verdict::permanent},
             Row{"RCPT lost", "RCPT TO:<carol", "DROP", Verdict::temporary, Verdict::temporary},
             Row{"RCPT 421", "RCPT TO:<bob", "421 bye", Verdict::temporary, Verdict::temporary},
             Row{"DATA 4xx", "DATA", "451 later", Verdict::temporary, Verdict::temporary},
             Row{"DATA 5xx", "DATA", "554 no", Verdict::permanent, Verdict::permanent},
             Row{"DATA 250", "DATA", "250 what", Verdict::temporary, Verdict::temporary},
             Row{"DATA lost", "DATA", "DROP", Verdict::temporary, Verdict::temporary},
             Row{"dot 4xx", ".", "452 full", Verdict::temporary, Verdict::temporary},
             Row{"dot 5xx", ".", "554 spam", Verdict::permanent, Verdict::permanent},
             Row{"dot lost", ".", "DROP", Verdict::temporary, Verdict::temporary},
         }) {
        CAPTURE(row.why);
        FakeMailServer server;
        server.set_answer(
            [&](std::string const& command) { return only_for(command, row.command, row.reply); });
        Hop hop(server);
        auto const results = hop.deliver();
        CHECK(results[0].verdict == row.bob);
        CHECK(results[1].verdict == row.carol);
        for (auto const& result : results)
            CHECK_FALSE(result.reply.empty());
        // And the same object does better once the server does.
        server.set_answer([](std::string const&) { return ""; });
        auto const before = server.mails().size();
        for (auto const& result : hop.deliver())
            CHECK(result.verdict == Verdict::delivered);
        CHECK(server.mails().size() == before + 1);
    }
}

TEST_CASE("smtp_next_hop: too many recipients at once go in several transactions") {
    std::size_t in_transaction = 0;
    FakeMailServer server;
    server.set_answer([&](std::string const& command) -> std::string {
        if (command.starts_with("MAIL")) in_transaction = 0;
        if (!command.starts_with("RCPT")) return "";
        return ++in_transaction > 100 ? "452 4.5.3 too many" : "";
    });
    Hop hop(server);
    hop.envelope.recipients.clear();
    for (int i = 0; i < 250; ++i)
        hop.envelope.recipients.push_back({"u" + std::to_string(i) + "@b.test", "", ""});
    for (auto const& result : hop.deliver())
        CHECK(result.verdict == Verdict::delivered);
    REQUIRE(server.mails().size() == 3);
    CHECK(server.mails()[2].to.size() == 50);
}

TEST_CASE("smtp_next_hop: a size over the announced one is refused without asking") {
    FakeMailServer server({"SIZE 50"});
    Hop hop(server);
    CHECK(hop.deliver()[0].verdict == Verdict::permanent);
    CHECK(server.commands().back().starts_with("EHLO"));
}

TEST_CASE("smtp_next_hop: falls back to HELO, adds a missing last line end") {
    FakeMailServer server;
    server.set_answer(
        [](std::string const& command) { return only_for(command, "EHLO", "502 what"); });
    Hop hop(server);
    CHECK(hop.deliver("Subject: x\r\n\r\nno end")[0].verdict == Verdict::delivered);
    CHECK(server.mails()[0].data == "Received: x\r\nSubject: x\r\n\r\nno end\r\n");
}

TEST_CASE("smtp_next_hop: nobody there, or a stop, is temporary") {
    std::uint16_t port = 0;
    {
        FakeMailServer gone;
        port = gone.port();
    }
    StopSignal stop;
    auto hop = make_next_hop("smtp://127.0.0.1:" + std::to_string(port), {}, stop);
    REQUIRE(hop);
    Envelope envelope;
    envelope.recipients = {{"bob@b.test", "", ""}};
    auto const file = memory_file(plain_mail());
    HopMessage const message{"1", 0, envelope, {0}, file.get(), false};
    CHECK((*hop)->deliver(message)[0].verdict == Verdict::temporary);
    CHECK_FALSE((*hop)->ask());

    FakeMailServer server;
    stop.raise();
    auto stopped = make_next_hop(server.url(), {}, stop);
    CHECK((*stopped)->deliver(message)[0].verdict == Verdict::temporary);
}

TEST_CASE("smtp_next_hop: hostile replies are bounded") {
    for (std::string const& reply : {"250-" + std::string(100'000, 'x'), std::string("2x0 what"),
                                     std::string("250-a\r\n251 b"), std::string("999 what")}) {
        FakeMailServer server;
        server.set_answer([&](std::string const& command) {
            return command.starts_with("MAIL") ? reply : std::string();
        });
        Hop hop(server);
        CHECK(hop.deliver()[0].verdict == Verdict::temporary);
    }
}
