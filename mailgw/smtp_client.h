// A connection to a mail server, from greeting to QUIT: the server is asked what it can, and from
// then on takes commands (RFC 5321, RFC 2033).
#pragma once

#include <string_view>

#include "mailgw/mail_server_address.h"
#include "mailgw/next_hop.h"
#include "mailgw/smtp_features.h"
#include "mailgw/smtp_wire.h"
#include "mailgw/stop_signal.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// One thread.
class SmtpClient {
public:
    /// Connects, is greeted, says EHLO (HELO where that is refused) or LHLO; begins TLS and logs in
    /// where that is asked for, or fails: nothing goes on in clear text. Whatever goes wrong may go
    /// well later, a password that is refused included; errors have the server's words.
    static Result<SmtpClient> open(MailServerAddress const& server, NextHopSettings const& settings,
                                   StopSignal const& stop);

    /// Sends one command and reads its reply. After a failure the connection is of no more use.
    Result<SmtpReply> say(std::string_view command);

    /// Sends octets as they are.
    Status send(ByteSpan bytes, SmtpWire::Patience patience) { return wire_.send(bytes, patience); }

    Result<SmtpReply> read_reply(SmtpWire::Patience patience) { return wire_.read_reply(patience); }

    /// Says goodbye without waiting for the answer.
    void quit();

    SmtpFeatures const& features() const { return features_; }

private:
    SmtpClient(SmtpWire wire, SmtpWire::Patience reply_timeout)
        : wire_(std::move(wire))
        , reply_timeout_(reply_timeout) {}

    Status introduce(MailServerAddress const& server, NextHopSettings const& settings);
    Status greet(MailProtocol protocol, std::string const& helo);
    Status start_tls(MailServerAddress const& server, NextHopSettings const& settings);
    Status log_in(HopLogin const& login);
    Result<SmtpReply> log_in_plain(HopLogin const& login, SecretText const& password);
    Result<SmtpReply> log_in_stepwise(HopLogin const& login, SecretText const& password);
    Result<SmtpReply> say_secret(std::string_view before, SecretText const& secret);

    SmtpWire wire_;
    SmtpWire::Patience reply_timeout_;
    SmtpFeatures features_;
};

}  // namespace satchel::mailgw
