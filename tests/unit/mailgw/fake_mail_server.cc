#include "tests/unit/mailgw/fake_mail_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace satchel::testing {

namespace {

UniqueFd bound(sockaddr const* address, socklen_t size) {
    UniqueFd listener(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::bind(listener.get(), address, size);
    return listener;
}

UniqueFd bound_to_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bound(reinterpret_cast<sockaddr const*>(&address), sizeof address);
}

UniqueFd bound_to(std::string const& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return bound(reinterpret_cast<sockaddr const*>(&address), sizeof address);
}

std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

}  // namespace

FakeMailServer::FakeMailServer(std::vector<std::string> extensions, Answer answer, UniqueFd bound)
    : extensions_(std::move(extensions))
    , answer_(std::move(answer))
    , listener_(std::move(bound)) {
    ::listen(listener_.get(), 64);
    acceptor_ = std::thread([this] { accept_all(); });
}

FakeMailServer::FakeMailServer(std::vector<std::string> extensions, Answer answer)
    : FakeMailServer(std::move(extensions), std::move(answer), bound_to_loopback()) {
    port_ = port_of(listener_.get());
}

FakeMailServer::FakeMailServer(std::vector<std::string> extensions, std::filesystem::path socket)
    : FakeMailServer(
          std::move(extensions), [](auto const&) { return ""; }, bound_to(socket)) {
    socket_ = std::move(socket);
}

FakeMailServer::~FakeMailServer() {
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& client : clients_)
        client.join();
}

void FakeMailServer::set_answer(Answer answer) {
    std::lock_guard const guard(mutex_);
    answer_ = std::move(answer);
}

std::vector<FakeMailServer::Mail> FakeMailServer::mails() const {
    std::lock_guard const guard(mutex_);
    return mails_;
}

std::vector<std::string> FakeMailServer::commands() const {
    std::lock_guard const guard(mutex_);
    return commands_;
}

void FakeMailServer::accept_all() {
    while (!stopping_) {
        UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
        if (!client) continue;
        ++connections_;
        clients_.emplace_back([this, fd = client.release()] { serve(UniqueFd(fd)); });
    }
}

std::string FakeMailServer::reply_to(std::string const& command) {
    std::lock_guard const guard(mutex_);
    commands_.push_back(command);
    if (auto const answer = answer_(command); !answer.empty()) return answer;
    if (command.starts_with("EHLO") || command.starts_with("LHLO")) {
        std::string reply = "250-fake.test\r\n";
        for (auto const& extension : extensions_)
            reply += "250-" + extension + "\r\n";
        return reply + "250 HELP";
    }
    if (command == "DATA") return "354 go on";
    if (command == "QUIT") return "221 bye";
    if (command == "hello") return "220 fake.test ESMTP";
    return "250 2.0.0 ok";
}

bool FakeMailServer::take_data(LineSocket& socket, Mail mail, bool lmtp) {
    for (;;) {
        auto const line = socket.line();
        if (!line) return false;
        if (*line == ".") break;
        mail.data += *line + "\r\n";
    }
    std::vector<std::string> verdicts;
    bool yes = false;
    for (std::size_t i = 0; i < (lmtp ? mail.to.size() : 1); ++i) {
        verdicts.push_back(reply_to(lmtp ? ". " + mail.to[i] : "."));
        yes = yes || verdicts.back()[0] == '2';
        if (verdicts.back() == "DROP") break;
    }
    // Kept before it is told, so that who heard the reply can look.
    if (yes) {
        std::lock_guard const guard(mutex_);
        mails_.push_back(std::move(mail));
    }
    for (std::string const& verdict : verdicts)
        if (verdict == "DROP" || !socket.send(verdict + "\r\n")) return false;
    return true;
}

void FakeMailServer::serve(UniqueFd client) {
    LineSocket socket(std::move(client));
    Mail mail;
    bool lmtp = false;
    auto const say = [&](std::string const& command) {
        auto const reply = reply_to(command);
        if (reply == "DROP") return std::string();
        return socket.send(reply + "\r\n") ? reply : std::string();
    };
    if (say("hello").empty()) return;
    while (auto const command = socket.line()) {
        auto const reply = say(*command);
        if (reply.empty() || *command == "QUIT") return;
        bool const yes = reply[0] == '2';
        lmtp = lmtp || command->starts_with("LHLO");
        if (command->starts_with("MAIL") && yes) mail = Mail{*command, {}, ""};
        if (command->starts_with("RCPT") && yes) mail.to.push_back(*command);
        if (*command != "DATA" || !reply.starts_with("354")) continue;
        if (!take_data(socket, mail, lmtp)) return;
    }
}

}  // namespace satchel::testing
