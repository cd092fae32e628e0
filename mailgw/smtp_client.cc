#include "mailgw/smtp_client.h"

#include <string>

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

Result<SmtpClient> SmtpClient::open(MailServerAddress const& server,
                                    NextHopSettings const& settings, StopSignal const& stop) {
    auto socket = connect_to(server, settings, stop);
    if (!socket) return fail(socket.error());
    SmtpClient client(SmtpWire(std::move(*socket)), settings.reply_timeout);
    auto const greeting = client.read_reply(settings.reply_timeout);
    if (!greeting) return fail(greeting.error());
    if (!greeting->positive()) return refused(*greeting);
    if (auto greeted = client.greet(server.protocol, settings.helo); !greeted) {
        return fail(greeted.error());
    }
    return client;
}

}  // namespace satchel::mailgw
