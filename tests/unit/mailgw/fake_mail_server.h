// A mail server to deliver to, that says what the test wants: refusals, silence, a lost connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "src/base/unique_fd.h"
#include "tests/unit/mailgw/line_socket.h"

namespace satchel::testing {

class FakeMailServer {
public:
    struct Mail {
        std::string from;             ///< the MAIL command
        std::vector<std::string> to;  ///< the RCPT commands it said yes to
        std::string data;             ///< as on the wire, without the final dot line
    };

    /// What to say to a command, or to the final dot (told as "."; after LHLO as ". RCPT TO:<…>"
    /// for each recipient). "" is the usual reply, "DROP" closes the connection.
    using Answer = std::function<std::string(std::string const& command)>;

    explicit FakeMailServer(
        std::vector<std::string> extensions = {"PIPELINING", "8BITMIME", "SIZE", "DSN", "SMTPUTF8"},
        Answer answer = [](auto const&) { return ""; });
    /// On a local socket instead of a port.
    FakeMailServer(std::vector<std::string> extensions, std::filesystem::path socket);
    ~FakeMailServer();

    void set_answer(Answer answer);

    std::uint16_t port() const { return port_; }

    std::string url(std::string const& scheme = "smtp") const {
        return socket_.empty() ? scheme + "://127.0.0.1:" + std::to_string(port_)
                               : scheme + "+unix://" + socket_.string();
    }

    std::vector<Mail> mails() const;
    std::vector<std::string> commands() const;

    std::size_t connections() const { return connections_; }

private:
    FakeMailServer(std::vector<std::string> extensions, Answer answer, UniqueFd bound);

    void accept_all();
    void serve(UniqueFd client);
    bool take_data(LineSocket& socket, Mail mail, bool lmtp);
    std::string reply_to(std::string const& command);

    std::vector<std::string> extensions_;
    mutable std::mutex mutex_;
    Answer answer_;
    std::vector<Mail> mails_;
    std::vector<std::string> commands_;
    std::atomic<std::size_t> connections_ = 0;
    std::atomic<bool> stopping_ = false;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::filesystem::path socket_;
    std::vector<std::thread> clients_;
    std::thread acceptor_;
};

}  // namespace satchel::testing
