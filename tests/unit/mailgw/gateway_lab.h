// A gateway of its own for a test, and a client that sends mail to it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "mailgw/gateway.h"
#include "src/base/sodium_randomness.h"
#include "tests/support/event_pipe.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/mailgw/fake_storage.h"
#include "tests/unit/mailgw/line_socket.h"

namespace satchel::testing {

/// A whole gateway in this process, with real sockets, files and time.
struct GatewayLab {
    TempFolder folder;
    SystemClock clock;
    SystemRandomness randomness;
    EventPipe events;
    EventLog log{events.write_end(), EventLog::Level::info};
    FakeStorage storage;
    GatewaySettings settings;
    std::unique_ptr<mailgw::Gateway> gateway;

    GatewayLab() {
        settings.smtp_listen = {"127.0.0.1", 0};
        settings.helo = "gw.test";
        settings.next_hop = "maildir:" + folder.path().string() + "/mail/{recipient}";
        settings.spool_dir = folder / "spool";
        settings.retry_first = std::chrono::seconds(1);
        settings.retry_max = std::chrono::seconds(1);
    }

    void open() {
        gateway =
            mailgw::Gateway::open(
                settings, {[this] { return storage.locator(); }, [this] { return storage.depot(); },
                           [this] { return storage.escrow_depot(); }, clock, randomness, log})
                .value();
    }

    void start() {
        open();
        REQUIRE(gateway->start());
    }

    LineSocket client() const { return LineSocket::connect(gateway->smtp_port()); }

    /// Looks again after every event that the gateway logs, for 20 s at most.
    template <class Condition>
    bool wait_until(Condition holds) const {
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        for (;;) {
            if (holds()) return true;
            if (!events.await_more(deadline)) return holds();
        }
    }

    bool queue_runs_empty() const {
        return wait_until([this] { return gateway->queue()->empty(); });
    }
};

inline std::string stuffed(std::string text) {
    for (std::size_t at = 0; (at = text.find("\r\n.", at)) != std::string::npos; at += 4)
        text.insert(at + 2, ".");
    return text;
}

/// The reply to the final dot.
inline std::string send_mail(LineSocket& client, std::string const& mail,
                             std::vector<std::string> const& recipients) {
    std::string commands = "MAIL FROM:<alice@a.test>\r\n";
    for (auto const& recipient : recipients)
        commands += "RCPT TO:<" + recipient + ">\r\n";
    client.send(commands + "DATA\r\n");
    for (std::size_t i = 0; i < recipients.size() + 1; ++i)
        client.reply();
    if (!client.reply().starts_with("354")) return "no 354";
    return client.ask(stuffed(mail) + ".");
}

}  // namespace satchel::testing
