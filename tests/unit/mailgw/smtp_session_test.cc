#include "mailgw/smtp_session.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "mailgw/smtp_limits.h"
#include "tests/unit/mailgw/dialogue.h"

using namespace satchel;
using namespace satchel::mailgw;

TEST_CASE("smtp_session: every dialogue holds, whole and octet by octet") {
    std::set<std::filesystem::path> scripts;
    for (auto const& entry : std::filesystem::directory_iterator(SATCHEL_DIALOGUES)) {
        if (entry.path().extension() == ".smtp") scripts.insert(entry.path());
    }
    REQUIRE(scripts.size() >= 10);
    for (auto const& path : scripts) {
        std::ifstream file(path);
        std::stringstream script;
        script << file.rdbuf();
        for (std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{7}}) {
            auto const fault = replay_dialogue(script.str(), piece);
            std::string const told = fault ? path.filename().string() + ':' +
                                                 std::to_string(fault->line) + ": " + fault->what
                                           : "";
            CAPTURE(piece);
            CHECK(told == "");
        }
    }
}

TEST_CASE("smtp_session: who sends no line end is sent away") {
    SmtpSession session({"gw.test", 1000, false, false, ""}, "192.0.2.1");
    std::string const piece(smtp_limits::skipped_octets / 4, 'x');
    for (int i = 0; i < 4; ++i) {
        session.feed(bytes_of(piece));
        REQUIRE(session.next() == SmtpSession::Act::read);
    }
    session.feed(bytes_of("x"));
    REQUIRE(session.next() == SmtpSession::Act::close);
    CHECK(session.take_replies() == "220 gw.test ESMTP Satchel\r\n500 5.5.2 Line too long\r\n");
}

TEST_CASE("smtp_session: over-long lines that end are told one by one") {
    SmtpSession session({"gw.test", 1000, false, false, ""}, "192.0.2.1");
    std::string const line = std::string(smtp_limits::skipped_octets / 2, 'x') + "\r\n";
    session.take_replies();
    for (int i = 0; i < 4; ++i) {
        session.feed(bytes_of(line));
        REQUIRE(session.next() == SmtpSession::Act::read);
        CHECK(session.take_replies() == "500 5.5.2 Line too long\r\n");
    }
}

TEST_CASE("smtp_session: large texts go to the disk in large pieces, small ones at their end") {
    SmtpSession session({"gw.test", 1 << 20, false, false, ""}, "192.0.2.1");
    session.feed(bytes_of("EHLO c\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n"));
    REQUIRE(session.next() == SmtpSession::Act::open_draft);
    session.draft_opened({});
    REQUIRE(session.next() == SmtpSession::Act::read);
    std::string const line = std::string(998, 'x') + "\r\n";
    std::string fed;
    std::string written;
    auto const write = [&] {
        written += text_of(session.chunk());
        session.written({});
    };
    while (fed.size() < 500'000) {
        session.feed(bytes_of(line));
        fed += line;
        if (session.next() != SmtpSession::Act::write) continue;
        CHECK(session.chunk().size() >= smtp_limits::write_bytes);
        write();
        REQUIRE(session.next() == SmtpSession::Act::read);
    }
    CHECK_FALSE(written.empty());
    session.feed(bytes_of(".\r\n"));
    REQUIRE(session.next() == SmtpSession::Act::write);
    write();
    CHECK(session.next() == SmtpSession::Act::store);
    CHECK(written == fed);
}
