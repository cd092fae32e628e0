#include "mailgw/smtp_server.h"

#include <doctest/doctest.h>

#include "src/base/sodium_randomness.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/line_socket.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

namespace {

using namespace std::chrono_literals;

struct World {
    TempFolder folder;
    SystemClock clock;
    SystemRandomness randomness;
    EventLog log{-1, EventLog::Level::error};
    std::unique_ptr<Spool> spool = Spool::open(folder / "spool", clock, randomness).value();
    SmtpServerSettings settings{.listen = {"127.0.0.1", 0}};
    EarlyDigests early;
    std::unique_ptr<SmtpServer> server;

    LineSocket client() {
        if (!server) {
            server = SmtpServer::start(
                         settings,
                         [] {
                             return SmtpSessionSettings{"gw.test", 1 << 30, false, false, "t"};
                         },
                         *spool, clock, log, [] {}, &early)
                         .value();
        }
        return LineSocket::connect(server->port());
    }
};

}  // namespace

TEST_CASE("smtp_server: idle clients are told and closed") {
    World world;
    world.settings.idle_timeout = 50ms;
    auto client = world.client();
    CHECK(client.reply().starts_with("220"));
    CHECK(client.reply() == "421 4.4.2 gw.test idle for too long");
    CHECK_FALSE(client.line());
}

TEST_CASE("smtp_server: a wrong end of data is told, and nothing stored") {
    World world;
    world.settings.doubtful_end_timeout = 50ms;
    auto client = world.client();
    client.reply();
    client.send("EHLO c\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n");
    for (int i = 0; i < 4; ++i)
        client.reply();
    CHECK(client.ask("text\n.").starts_with("2") == false);
}

TEST_CASE("smtp_server: a conversation can't last for ever") {
    World world;
    world.settings.session_timeout = 5ms;
    auto client = world.client();
    client.reply();
    std::string reply;
    for (int i = 0; i < 1000 && !reply.starts_with("421"); ++i)
        reply = client.ask("NOOP");
    CHECK(reply == "421 4.4.2 gw.test conversation took too long");
}

TEST_CASE("smtp_server: too many sessions are turned away with a reply") {
    World world;
    world.settings.sessions_max = 2;
    auto first = world.client();
    auto second = world.client();
    CHECK(first.reply().starts_with("220"));
    CHECK(second.reply().starts_with("220"));
    {
        auto third = world.client();
        CHECK(third.reply() == "421 4.3.2 gw.test has too many connections");
    }
    CHECK(first.ask("QUIT").starts_with("221"));
    CHECK_FALSE(first.line());
}

TEST_CASE("smtp_server: a client that goes in the middle of its data leaves nothing") {
    World world;
    {
        auto client = world.client();
        client.reply();
        client.send("EHLO c\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n");
        for (int i = 0; i < 4; ++i)
            client.reply();
        client.send(std::string(300'000, 'x'));
    }
    auto const gone = [&] { return std::filesystem::is_empty(world.folder / "spool/msg"); };
    for (int i = 0; i < 1000 && !gone(); ++i)
        world.client().reply();
    CHECK(gone());
    CHECK(world.spool->list()->empty());
}

TEST_CASE("smtp_server: a large message is read while it arrives, a small one is not") {
    World world;
    auto client = world.client();
    client.reply();
    client.send("EHLO c\r\n");
    client.reply();
    for (std::size_t const lines : {std::size_t{30'000}, std::size_t{10}}) {
        CAPTURE(lines);
        client.send("MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n");
        for (int i = 0; i < 3; ++i)
            client.reply();
        std::string text = "Subject: large\r\n\r\n";
        for (std::size_t i = 0; i < lines; ++i)
            text += "A line of text, which is nothing but a line of text.\r\n";
        client.send(text);
        auto const reply = client.ask(".");
        REQUIRE(reply.starts_with("250 "));
        auto const id = reply.substr(reply.rfind(' ') + 1);
        auto const digest = world.early.take(id);
        CHECK(digest.has_value() == (text.size() > EarlyDigests::bytes_min));
        if (digest) CHECK(digest->sha256 == sha256(bytes_of(text)));
        UniqueFd const file = world.spool->open_message(id).value();
        CHECK(file_size(file.get()).value() == text.size());
    }
}

TEST_CASE("smtp_server: an address that is taken is an error, not a hang") {
    World world;
    world.client();
    world.settings.listen.port = world.server->port();
    auto const second = SmtpServer::start(
        world.settings, [] { return SmtpSessionSettings(); }, *world.spool, world.clock, world.log,
        [] {});
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::unavailable);
}
