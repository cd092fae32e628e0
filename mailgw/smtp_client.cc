#include "mailgw/smtp_client.h"

#include <string>
#include <utility>

#include "mailgw/login_brake.h"

namespace satchel::mailgw {

namespace {

auto refused(SmtpReply const& reply) {
    return fail(Fault::unavailable, "next hop: " + reply.text);
}

Result<HopSocket> connect_to(MailServerAddress const& server, NextHopSettings const& settings,
                             StopSignal const& stop) {
    if (!server.socket_path.empty()) return HopSocket::connect(server.socket_path, stop);
    auto const deadline = std::chrono::steady_clock::now() + settings.connect_timeout;
    return HopSocket::connect(server.host, server.port, deadline, stop);
}

}  // namespace

Result<SmtpReply> SmtpClient::say(std::string_view command) {
    auto const line = std::string(command) + "\r\n";
    if (auto sent = wire_.send(line, reply_timeout_); !sent) return fail(sent.error());
    return wire_.read_reply(reply_timeout_);
}

void SmtpClient::quit() {
    static_cast<void>(wire_.send("QUIT\r\n", std::chrono::milliseconds(100)));
}

Status SmtpClient::greet(MailProtocol protocol, std::string const& helo) {
    features_ = SmtpFeatures();
    bool const lmtp = protocol == MailProtocol::lmtp;
    auto reply = say((lmtp ? "LHLO " : "EHLO ") + helo);
    if (reply && reply->positive()) features_ = read_ehlo_reply(reply->text);
    if (reply && reply->permanent() && !lmtp) reply = say("HELO " + helo);
    if (!reply) return fail(reply.error());
    return reply->positive() ? Status() : Status(refused(*reply));
}

Status SmtpClient::start_tls(MailServerAddress const& server, NextHopSettings const& settings) {
    if (!features_.starttls) {
        return fail(Fault::unavailable, "next hop offers no STARTTLS, and nothing is sent without");
    }
    auto const reply = say("STARTTLS");
    if (!reply) return fail(reply.error());
    if (!reply->positive()) return refused(*reply);
    if (auto shaken = wire_.start_tls({server.host, settings.ca_file}, settings.connect_timeout);
        !shaken) {
        return shaken;
    }
    // What was announced in clear text anybody may have written (RFC 3207 §4.2).
    return greet(server.protocol, settings.helo);
}

Result<SmtpReply> SmtpClient::say_secret(std::string_view before, SecretText const& secret) {
    auto const text = secret.in_base64();
    if (!text) return fail(text.error());
    SecretText line;
    bool const fits = line.append(before) && line.append(text->view()) && line.append("\r\n");
    if (!fits) return fail(Fault::too_large, "secret too long for a line");
    if (auto sent = wire_.send(line.view(), reply_timeout_); !sent) return fail(sent.error());
    return wire_.read_reply(reply_timeout_);
}

/// RFC 4616.
Result<SmtpReply> SmtpClient::log_in_plain(HopLogin const& login, SecretText const& password) {
    constexpr std::string_view nul("\0", 1);
    SecretText secret;
    bool const fits = secret.append(nul) && secret.append(login.user) && secret.append(nul) &&
                      secret.append(password.view());
    if (!fits) return fail(Fault::config, "gateway.next_hop_user is too long");
    return say_secret("AUTH PLAIN ", secret);
}

/// AUTH LOGIN, which has no standard: name and password one after the other.
Result<SmtpReply> SmtpClient::log_in_stepwise(HopLogin const& login, SecretText const& password) {
    constexpr int go_on = 334;
    SecretText user;
    if (!user.append(login.user)) return fail(Fault::config, "gateway.next_hop_user is too long");
    auto reply = say("AUTH LOGIN");
    if (reply && reply->code == go_on) reply = say_secret("", user);
    if (reply && reply->code == go_on) reply = say_secret("", password);
    return reply;
}

Status SmtpClient::log_in(HopLogin const& login) {
    auto const password = load_password(login);
    if (!password) return fail(password.error());
    if (!features_.auth_plain && !features_.auth_login) {
        return fail(Fault::unavailable, "next hop offers neither AUTH PLAIN nor AUTH LOGIN");
    }
    auto const reply =
        features_.auth_plain ? log_in_plain(login, *password) : log_in_stepwise(login, *password);
    if (!reply) return fail(reply.error());
    if (reply->positive()) return {};
    if (!reply->permanent()) {
        return fail(Fault::unavailable, "next hop lets nobody log in now: " + reply->text);
    }
    Error const words{Fault::unavailable,
                      "next hop refuses user name or password, see gateway.next_hop_user and "
                      "gateway.next_hop_password_file: " +
                          reply->text};
    if (login.brake != nullptr) {
        login.brake->refused(login.password_file, words, std::chrono::steady_clock::now());
    }
    return fail(words);
}

Status SmtpClient::introduce(MailServerAddress const& server, NextHopSettings const& settings) {
    using Security = MailServerAddress::Security;
    if (server.security == Security::tls) {
        auto shaken = wire_.start_tls({server.host, settings.ca_file}, settings.connect_timeout);
        if (!shaken) return shaken;
    }
    auto const greeting = read_reply(settings.reply_timeout);
    if (!greeting) return fail(greeting.error());
    if (!greeting->positive()) return refused(*greeting);
    if (auto greeted = greet(server.protocol, settings.helo); !greeted) return greeted;
    if (server.security == Security::starttls) {
        if (auto secured = start_tls(server, settings); !secured) return secured;
    }
    bool const protected_now = server.security != Security::none;
    return settings.login.wanted() && protected_now ? log_in(settings.login) : Status();
}

Result<SmtpClient> SmtpClient::open(MailServerAddress const& server,
                                    NextHopSettings const& settings, StopSignal const& stop) {
    HopLogin const& login = settings.login;
    if (login.brake != nullptr) {
        auto held = login.brake->holds(login.password_file, std::chrono::steady_clock::now());
        if (held) return fail(std::move(*held));
    }
    auto socket = connect_to(server, settings, stop);
    if (!socket) return fail(socket.error());
    SmtpClient client(SmtpWire(std::move(*socket)), settings.reply_timeout);
    if (auto done = client.introduce(server, settings); !done) return fail(done.error());
    return client;
}

}  // namespace satchel::mailgw
