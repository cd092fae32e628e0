// One MAIL … DATA exchange with a mail server: what it says to whom becomes their results.
#pragma once

#include <cstdint>
#include <vector>

#include "mailgw/mail_protocol.h"
#include "mailgw/next_hop.h"
#include "mailgw/smtp_client.h"
#include "src/base/result.h"

namespace satchel::mailgw {

class SmtpTransaction {
public:
    /// Positions count in `message.recipients`, and in results.
    using Positions = std::vector<std::size_t>;

    struct Content {
        HopMessage const& message;
        std::uint64_t bytes = 0;  ///< with trace
    };

    SmtpTransaction(SmtpClient& client, MailProtocol protocol, NextHopSettings const& settings,
                    Content content)
        : client_(client)
        , protocol_(protocol)
        , settings_(settings)
        , content_(content) {}

    /// Sets the result of each of `recipients`. False where the connection is of no more use.
    bool run(Positions recipients, std::vector<HopResult>& results);

    /// Refused for no other reason than that there were too many at once.
    Positions const& put_off() const { return put_off_; }

private:
    bool refuse_unfit(std::vector<HopResult>& results) const;
    bool begin(std::vector<HopResult>& results);
    bool name_recipients(std::vector<HopResult>& results);
    bool send_content(std::vector<HopResult>& results);
    bool hear_verdicts(std::vector<HopResult>& results);
    Status send_text();

    EnvelopeRecipient const& who(std::size_t position) const {
        return content_.message.envelope.recipients[content_.message.recipients[position]];
    }

    SmtpClient& client_;
    MailProtocol const protocol_;
    NextHopSettings const& settings_;
    Content const content_;
    Positions recipients_;
    Positions accepted_;
    Positions put_off_;
};

/// A result for what failed without a word of the server's.
HopResult lost(Error const& error);

}  // namespace satchel::mailgw
