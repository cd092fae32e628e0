#include "mailgw/maildir.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/sample_mail.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

TEST_CASE("maildir: folder names are normal forms that can't leave the folder") {
    struct Row {
        std::string recipient, name;
    };

    for (Row const& row : {
             Row{"Bob@B.Test", "bob@b.test"},
             Row{"\"bob\"@b.test", "bob@b.test"},
             Row{"a/b@c.test", "a%2Fb@c.test"},
             Row{"\"../x\"@c.test", "\"%2E.%2Fx\"@c.test"},
             Row{"\"..\"@c.test", ""},
             Row{"Postmaster", "postmaster"},
             Row{"../x", "%2E%2E%2Fx"},
             Row{"a%2fb@c.test", "a%2fb@c.test"},
             Row{"bob@[192.0.2.1]", "bob@[192.0.2.1]"},
         }) {
        CAPTURE(row.recipient);
        auto const name = maildir_name(row.recipient);
        CHECK(name.find('/') == std::string::npos);
        CHECK_FALSE(name.starts_with('.'));
        if (row.recipient[0] != '"') CHECK(name == row.name);
    }
}

namespace {

struct Hop {
    TempFolder folder;
    UniqueFd file = memory_file(plain_mail());
    Envelope envelope;

    Hop() {
        envelope.sender = "alice@a.test";
        envelope.trace = "Received: x\r\n";
        envelope.recipients = {{"Bob@b.test", "", ""}, {"c/d@c.test", "", ""}};
    }

    std::vector<HopResult> deliver(bool maybe_repeated = false,
                                   std::string const& under = "{recipient}") {
        MaildirNextHop hop(folder.path().string() + '/' + under, "gw.test");
        return hop.deliver({"0123", 1'800'000'000, envelope, {0, 1}, file.get(), maybe_repeated});
    }
};

}  // namespace

TEST_CASE("maildir: CR LF as received, below Return-Path and trace lines") {
    Hop hop;
    auto const results = hop.deliver();
    REQUIRE(results.size() == 2);
    for (auto const& result : results)
        CHECK(result.verdict == HopResult::Verdict::delivered);
    auto const expected = "Return-Path: <alice@a.test>\r\nReceived: x\r\n" + plain_mail();
    for (char const* name : {"bob@b.test", "c%2Fd@c.test"}) {
        CAPTURE(name);
        CHECK(mail_in(hop.folder / name) == std::vector<std::string>{expected});
        CHECK(std::filesystem::is_empty(hop.folder / name / "tmp"));
        CHECK(std::filesystem::is_directory(hop.folder / name / "cur"));
    }
}

TEST_CASE("maildir: a retry duplicates nothing") {
    Hop hop;
    hop.deliver();
    hop.deliver();
    CHECK(mail_in(hop.folder / "bob@b.test").size() == 1);

    SUBCASE("also when it was read in between") {
        auto const maildir = hop.folder / "bob@b.test";
        auto const file = std::filesystem::directory_iterator(maildir / "new")->path();
        std::filesystem::rename(file, maildir / "cur" / (file.filename().string() + ":2,S"));
        hop.deliver(true);
        CHECK(mail_in(maildir).empty());
    }
}

TEST_CASE("maildir: one Maildir for all gets a copy for each") {
    Hop hop;
    hop.deliver(false, "all");
    hop.deliver(true, "all");
    CHECK(mail_in(hop.folder / "all").size() == 2);
}

TEST_CASE("maildir: what can't be written is temporary") {
    Hop hop;
    std::ofstream(hop.folder / "bob@b.test") << "in the way";
    auto const results = hop.deliver();
    CHECK(results[0].verdict == HopResult::Verdict::temporary);
    CHECK(results[1].verdict == HopResult::Verdict::delivered);
}
