#include "mailgw/own_mail.h"

#include <doctest/doctest.h>

#include "mailgw/message_scan.h"
#include "tests/support/memory_file.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

Envelope envelope() {
    Envelope envelope;
    envelope.sender = "alice@a.test";
    envelope.envid = "QQ314159";
    return envelope;
}

OwnMailFacts facts() {
    OwnMailFacts facts;
    facts.helo = "gw.test";
    facts.id.fill(0xab);
    facts.time = 1'800'000'000;
    return facts;
}

std::string repair_of(std::string const& original) {
    auto const in = memory_file(original);
    auto const out = memory_file();
    REQUIRE(write_repair_mail(facts(), envelope(), "bob@b.test", in.get(), out.get()));
    return text_in(out);
}

std::string notice_of(std::string const& original, std::vector<FailedRecipient> const& failed) {
    auto const in = memory_file(original);
    auto const out = memory_file();
    REQUIRE(write_failure_notice(facts(), envelope(), 1'799'999'000, failed, in.get(), out.get()));
    return text_in(out);
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("own_mail: a repair encloses the original, and is never detached itself") {
    auto const original = mail_with_attachments(1);
    auto const repair = repair_of(original);
    CHECK(repair.starts_with("From: <alice@a.test>\r\nTo: <bob@b.test>\r\nDate: "));
    CHECK(contains(repair, "Message-ID: <abababababababababababababababab@gw.test>\r\n"));
    CHECK(contains(repair, "References: <1@a.test>\r\n"));
    CHECK(contains(repair, "Subject: files (attachments in full)\r\n"));
    CHECK(contains(repair, "\r\n\r\n" + original + "\r\n--"));
    auto const scanned = scan_message(memory_file(repair).get(), {1, {}});
    REQUIRE(scanned);
    CHECK(scanned->parts.empty());
}

TEST_CASE("own_mail: hostile headers of the original bring nothing into ours") {
    struct Row {
        char const* why;
        std::string field;
        std::string wanted;
    };

    for (Row const& row :
         {Row{"no subject", "", "Subject: Attachments in full\r\n"},
          Row{"raw octets", "Subject: gr\xfc\xdf\r\n", "Subject: Attachments in full\r\n"},
          Row{"encoded words stay", "Subject: =?utf-8?Q?gr=C3=BC?=\r\n",
              "Subject: =?utf-8?Q?gr=C3=BC?= (attachments in full)\r\n"},
          Row{"folded", "Subject: a\r\n b\r\n", "Subject: a b (attachments in full)\r\n"},
          Row{"long", "Subject: " + std::string(600, 'x') + "\r\n",
              "Subject: Attachments in full\r\n"}}) {
        CAPTURE(row.why);
        auto const repair = repair_of(row.field + "Message-ID: not an id\r\n\r\nbody\r\n");
        CHECK(contains(repair, row.wanted));
        CHECK_FALSE(contains(repair, "References"));
    }
}

TEST_CASE("own_mail: a notice tells who, why, and about what") {
    auto const notice = notice_of(
        plain_mail(), {{{"bob@b.test", "", "rfc822;robert@b.test"}, "550 5.1.1 no such user"},
                       {{"eve@e.test", "", ""}, "given up: 451 4.3.0 later\nand\x01 more"}});
    CHECK(contains(notice, "From: Mail Delivery System <MAILER-DAEMON@gw.test>\r\n"));
    CHECK(contains(notice, "Original-Envelope-Id: QQ314159\r\n"));
    CHECK(contains(notice,
                   "\r\nOriginal-Recipient: rfc822;robert@b.test\r\nFinal-Recipient: rfc822; "
                   "bob@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 "
                   "5.1.1 no such user\r\n"));
    CHECK(contains(notice,
                   "Final-Recipient: rfc822; eve@e.test\r\nAction: failed\r\nStatus: "
                   "4.3.0\r\nDiagnostic-Code: smtp; 451 4.3.0 later and more\r\n"));
    CHECK(contains(notice, "Content-Type: text/rfc822-headers\r\n"));
    CHECK(contains(notice, "\r\n\r\nFrom: alice@a.test\r\n"));
    CHECK_FALSE(contains(notice, "Hello."));
    CHECK_FALSE(contains(notice, "\x01"));
    for (std::size_t at = 0; (at = notice.find('\n', at)) != std::string::npos; ++at)
        CHECK(notice[at - 1] == '\r');
}

TEST_CASE("own_mail: a notice tells whose words they are, and what kind of failure") {
    struct Row {
        char const* reply;
        char const* wanted;
    };

    for (Row const& row :
         {Row{"550 no", "Status: 5.0.0\r\nDiagnostic-Code: smtp; 550 no\r\n"},
          Row{"552", "Status: 5.0.0\r\nDiagnostic-Code: smtp; 552\r\n"},
          Row{"given up: 421 bye", "Status: 4.4.7\r\nDiagnostic-Code: smtp; 421 bye\r\n"},
          Row{"given up: next hop: Connection refused",
              "Status: 4.4.7\r\nDiagnostic-Code: x-satchel; next hop: Connection refused\r\n"},
          Row{"no folder", "Status: 5.0.0\r\nDiagnostic-Code: x-satchel; no folder\r\n"}}) {
        CAPTURE(row.reply);
        CHECK(contains(notice_of(plain_mail(), {{{"bob@b.test", "", ""}, row.reply}}), row.wanted));
    }
}

TEST_CASE("own_mail: DSN parameters are told decoded") {
    struct Row {
        char const* envid;
        char const* orcpt;
        char const* wanted_id;
        char const* wanted_recipient;
    };

    for (Row const& row :
         {Row{"a+2Bb+3Dc", "rfc822;B+2Bbob@b.test", "a+b=c", "rfc822;B+bob@b.test"},
          Row{"plain", "x400;/S=b+20c/", "plain", "x400;/S=b c/"},
          Row{"line+0Aend", "rfc822;b+0D+0AX:+20y", "line+0Aend", "rfc822;b+0D+0AX:+20y"},
          Row{"+C3+BC", "utf-8;\\x{FC}+2B@b.test", "+C3+BC", "utf-8;\\x{FC}+2B@b.test"}}) {
        CAPTURE(row.envid);
        Envelope about = envelope();
        about.envid = row.envid;
        auto const in = memory_file(plain_mail());
        auto const out = memory_file();
        REQUIRE(write_failure_notice(facts(), about, 1, {{{"b@b.test", "", row.orcpt}, "550 no"}},
                                     in.get(), out.get()));
        auto const notice = text_in(out);
        CHECK(contains(notice, std::string("\r\nOriginal-Envelope-Id: ") + row.wanted_id + "\r\n"));
        CHECK(contains(notice,
                       std::string("\r\nOriginal-Recipient: ") + row.wanted_recipient + "\r\n"));
    }
}

TEST_CASE("own_mail: a notice about addresses that are not ASCII keeps them") {
    auto const notice =
        notice_of(plain_mail(), {{{"\xc3\xbc\xf0\x9f\x93\xa6@b.test", "", "utf-8;\xc3\xbc+@b.test"},
                                  "550 5.1.1 wer ist \xc3\xbc?"}});
    CHECK(contains(
        notice, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"));
    CHECK(contains(notice, "    \xc3\xbc\xf0\x9f\x93\xa6@b.test\r\n"));
    CHECK(contains(notice, "Original-Recipient: utf-8; \\x{FC}\\x{2B}@b.test\r\n"));
    CHECK(contains(notice, "Final-Recipient: utf-8; \\x{FC}\\x{1F4E6}@b.test\r\n"));
    CHECK(contains(notice, "Diagnostic-Code: smtp; 550 5.1.1 wer ist"));
}

TEST_CASE("own_mail: what a notice is made of is what it says") {
    struct Row {
        char const* why;
        char const* ret;
        bool eight_bit;
        bool eight_bit_header;
        char const* type;
        bool notice_eight_bit;
    };

    for (Row const& row :
         {Row{"plain", "", false, false, "text/rfc822-headers", false},
          Row{"8-bit body, not returned", "HDRS", true, false, "text/rfc822-headers", false},
          Row{"8-bit body, returned", "FULL", true, false, "message/rfc822", true},
          Row{"8-bit header", "", true, true, "message/global-headers", true},
          Row{"8-bit header, all returned", "FULL", true, true, "message/global", true}}) {
        CAPTURE(row.why);
        Envelope about = envelope();
        about.ret = row.ret;
        about.eight_bit = row.eight_bit;
        about.eight_bit_header = row.eight_bit_header;
        std::vector<FailedRecipient> const failed = {{{"bob@b.test", "", ""}, "550 no"}};
        auto const in = memory_file("A: b\r\n\r\ntext\r\n");
        auto const out = memory_file();
        REQUIRE(write_failure_notice(facts(), about, 1, failed, in.get(), out.get()));
        auto const encoding = row.notice_eight_bit ? "8bit" : "7bit";
        CHECK(contains(text_in(out), std::string("Content-Type: ") + row.type +
                                         "\r\nContent-Transfer-Encoding: " + encoding +
                                         "\r\n\r\nA: b"));
        CHECK(notice_has_eight_bit(about, failed) == row.notice_eight_bit);
    }
    CHECK(notice_has_eight_bit(envelope(), {{{"\xc3\xbc@b.test", "", ""}, "550 no"}}));
}
