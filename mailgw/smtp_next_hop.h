// The SMTP and LMTP client: hands messages to one server, keeps the connection while there is more
// (RFC 5321, RFC 2920, RFC 1870, RFC 6152, RFC 6531, RFC 3461, RFC 2033).
#pragma once

#include <optional>
#include <vector>

#include "mailgw/mail_server_address.h"
#include "mailgw/next_hop.h"
#include "mailgw/smtp_client.h"

namespace satchel::mailgw {

class SmtpNextHop final : public NextHop {
public:
    SmtpNextHop(MailServerAddress server, NextHopSettings settings, StopSignal const& stop);
    ~SmtpNextHop() override;

    std::vector<HopResult> deliver(HopMessage const& message) override;
    Result<HopCapabilities> ask() override;

    std::optional<HopCapabilities> known() const override { return known_; }

    void rest() override;

private:
    Status connect();

    MailServerAddress const server_;
    NextHopSettings const settings_;
    StopSignal const& stop_;
    std::optional<SmtpClient> client_;
    bool used_ = false;  ///< the open connection has carried a message
    std::optional<HopCapabilities> known_;
};

}  // namespace satchel::mailgw
