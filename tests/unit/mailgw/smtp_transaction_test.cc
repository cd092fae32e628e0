#include "mailgw/smtp_transaction.h"

#include <doctest/doctest.h>

#include "mailgw/smtp_next_hop.h"
#include "tests/support/memory_file.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/fake_mail_server.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;
using Verdict = HopResult::Verdict;

namespace {

/// Mail for bob, carol and dave on its way to an LMTP server.
struct LmtpHop {
    explicit LmtpHop(FakeMailServer& server)
        : hop(make_next_hop(server.url("lmtp"), {.helo = "gw.test"}, stop).value()) {
        envelope.sender = "alice@a.test";
        envelope.smtputf8 = true;
        envelope.ret = "FULL";
        envelope.recipients = {
            {"bob@b.test", "NEVER", ""}, {"carol@b.test", "", ""}, {"dave@b.test", "", ""}};
    }

    std::vector<HopResult> deliver(std::string const& text = plain_mail()) {
        auto const file = memory_file(text);
        return hop->deliver({"0123", 1'800'000'000, envelope, {0, 1, 2}, file.get(), false});
    }

    StopSignal stop;
    Envelope envelope;
    std::unique_ptr<NextHop> hop;
};

}  // namespace

TEST_CASE("smtp_transaction: LMTP says LHLO, and no parameter that was not offered") {
    FakeMailServer server({"PIPELINING", "8BITMIME"});
    LmtpHop hop(server);
    for (int i = 0; i < 2; ++i)
        for (auto const& result : hop.deliver())
            CHECK(result.verdict == Verdict::delivered);
    CHECK(server.connections() == 1);
    auto const mails = server.mails();
    REQUIRE(mails.size() == 2);
    CHECK(mails[0].from == "MAIL FROM:<alice@a.test>");
    CHECK(mails[0].to[0] == "RCPT TO:<bob@b.test>");
    CHECK(server.commands()[1] == "LHLO gw.test");
}

TEST_CASE("smtp_transaction: LMTP is no SMTP that was refused LHLO") {
    FakeMailServer server;
    server.set_answer([](std::string const& command) -> std::string {
        return command.starts_with("LHLO") ? "500 what" : "";
    });
    LmtpHop hop(server);
    CHECK(hop.deliver()[0].verdict == Verdict::temporary);
    CHECK(server.commands().back() == "LHLO gw.test");
}

TEST_CASE("smtp_transaction: after LMTP data each accepted recipient has a verdict of its own") {
    struct Row {
        char const* why;
        std::vector<std::pair<char const*, char const*>> answers;
        Verdict bob, carol, dave;
    };

    auto const yes = Verdict::delivered;
    auto const later = Verdict::temporary;
    auto const never = Verdict::permanent;
    for (Row const& row : {
             Row{"mixed",
                 {{". RCPT TO:<bob", "550 5.7.1 no"}, {". RCPT TO:<dave", "452 4.2.2 full"}},
                 never,
                 yes,
                 later},
             Row{"one refused before",
                 {{"RCPT TO:<bob", "550 5.1.1 who"}, {". RCPT TO:<carol", "550 no"}},
                 never,
                 never,
                 yes},
             Row{"one put off before", {{"RCPT TO:<carol", "450 4.2.0 busy"}}, yes, later, yes},
             Row{"lost between", {{". RCPT TO:<carol", "DROP"}}, yes, later, later},
             Row{"closed between", {{". RCPT TO:<carol", "421 4.3.2 bye"}}, yes, later, later},
             Row{"all refused before", {{"RCPT", "550 5.1.1 who"}}, never, never, never},
             Row{"DATA refused", {{"DATA", "451 4.3.0 later"}}, later, later, later},
             Row{"nonsense between", {{". RCPT TO:<dave", "what?"}}, yes, yes, later},
         }) {
        CAPTURE(row.why);
        FakeMailServer server({"PIPELINING"}, [&](std::string const& command) -> std::string {
            for (auto const& [start, reply] : row.answers)
                if (command.starts_with(start)) return reply;
            return "";
        });
        LmtpHop hop(server);
        auto const results = hop.deliver();
        CHECK(results[0].verdict == row.bob);
        CHECK(results[1].verdict == row.carol);
        CHECK(results[2].verdict == row.dave);
        for (auto const& result : results)
            CHECK_FALSE(result.reply.empty());
        // No reply is left over for the next message.
        server.set_answer([](std::string const&) { return ""; });
        for (auto const& result : hop.deliver())
            CHECK(result.verdict == yes);
    }
}

TEST_CASE("smtp_transaction: dots are doubled after every LF, over LMTP too") {
    FakeMailServer server({"PIPELINING"});
    LmtpHop hop(server);
    REQUIRE(hop.deliver(".\r\n..\r\n.x\r\n\r\n.")[0].verdict == Verdict::delivered);
    CHECK(server.mails()[0].data == "..\r\n...\r\n..x\r\n\r\n..\r\n");
}

TEST_CASE("smtp_transaction: an LMTP server on a local socket") {
    TempFolder const folder;
    FakeMailServer server({"PIPELINING"}, folder / "lmtp");
    LmtpHop hop(server);
    for (auto const& result : hop.deliver())
        CHECK(result.verdict == Verdict::delivered);
    REQUIRE(server.mails().size() == 1);
    CHECK(server.mails()[0].to.size() == 3);
    CHECK(server.commands()[1] == "LHLO gw.test");
}

TEST_CASE("smtp_transaction: a local socket that is not there") {
    StopSignal const stop;
    auto const hop = make_next_hop("lmtp+unix:///nonexistent/lmtp", {}, stop);
    REQUIRE(hop);
    auto const asked = (*hop)->ask();
    REQUIRE_FALSE(asked);
    CHECK(asked.error().fault == Fault::unavailable);
    CHECK(asked.error().what.find("/nonexistent/lmtp") != std::string::npos);
}
