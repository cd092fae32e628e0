// The SMTP client: hands messages to one server, keeps the connection while there is more
// (RFC 5321, RFC 2920, RFC 1870, RFC 6152, RFC 6531, RFC 3461).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mailgw/next_hop.h"
#include "mailgw/smtp_wire.h"

namespace satchel::mailgw {

/// What a server announced.
struct SmtpFeatures {
    bool pipelining = false;
    bool eight_bit_mime = false;
    bool smtputf8 = false;
    bool dsn = false;
    bool xforward = false;
    bool size = false;
    std::uint64_t size_max = 0;  ///< bytes, 0 unknown
};

SmtpFeatures read_ehlo_reply(std::string const& text);

class SmtpNextHop final : public NextHop {
public:
    SmtpNextHop(std::string host, std::uint16_t port, NextHopSettings settings,
                StopSignal const& stop);
    ~SmtpNextHop() override;

    std::vector<HopResult> deliver(HopMessage const& message) override;
    Result<HopCapabilities> ask() override;

    HopCapabilities known() const override { return known_; }

    void rest() override;

private:
    struct Transaction;

    Status connect();
    Result<SmtpReply> say(std::string const& line);
    void run(Transaction& transaction);
    bool begin(Transaction& transaction);
    bool name_recipients(Transaction& transaction);
    void send_content(Transaction& transaction);
    Status send_text(Transaction const& transaction);

    void hang_up() { wire_.reset(); }

    std::string const host_;
    std::uint16_t const port_;
    NextHopSettings const settings_;
    StopSignal const& stop_;
    std::optional<SmtpWire> wire_;
    bool used_ = false;  ///< the open connection has carried a message
    SmtpFeatures features_;
    HopCapabilities known_;
};

}  // namespace satchel::mailgw
