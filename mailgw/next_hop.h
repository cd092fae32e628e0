// Where mail goes on from here: another mail server, or Maildirs. Blocking; one object per thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mailgw/envelope.h"
#include "mailgw/hop_login.h"
#include "mailgw/smtp_limits.h"
#include "mailgw/stop_signal.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// What a next hop can carry, so that we announce no more than that.
struct HopCapabilities {
    bool smtputf8 = false;
    bool dsn = false;
};

struct HopResult {
    enum class Verdict {
        delivered,  ///< it answers for the message now
        temporary,  ///< later may do
        permanent   ///< never
    };
    Verdict verdict = Verdict::temporary;
    std::string reply;  ///< its words, or ours where it had none
};

struct HopMessage {
    std::string id;              ///< of these very bytes; a retry has the same
    std::uint64_t received = 0;  ///< Unix seconds
    Envelope const& envelope;
    std::vector<std::size_t> recipients;  ///< positions in the envelope
    int fd = -1;                          ///< CR LF text, without envelope.trace; borrowed
    bool maybe_repeated = false;          ///< an earlier try may have got through untold
};

class NextHop {
public:
    virtual ~NextHop() = default;

    /// One result per entry of `message.recipients`, in order.
    virtual std::vector<HopResult> deliver(HopMessage const& message) = 0;

    /// Asks the next hop, if that takes asking.
    virtual Result<HopCapabilities> ask() = 0;

    /// As last heard; nothing before.
    virtual std::optional<HopCapabilities> known() const = 0;

    /// Nothing to deliver for a while: connections may go.
    virtual void rest() {}
};

struct NextHopSettings {
    std::string helo;
    std::string ca_file{};  ///< PEM, who vouches for servers; "": the system's CAs
    HopLogin login{};       ///< used over TLS alone
    std::chrono::milliseconds connect_timeout = smtp_limits::connect_timeout;
    std::chrono::milliseconds reply_timeout = smtp_limits::reply_timeout;
    std::chrono::milliseconds data_block_timeout = smtp_limits::data_block_timeout;
    std::chrono::milliseconds final_reply_timeout = smtp_limits::final_reply_timeout;
};

/// What parse_mail_server() takes, or `maildir:/path/{recipient}`. Fault::config for anything else.
/// `stop` ends waiting; it must outlive the result.
Result<std::unique_ptr<NextHop>> make_next_hop(std::string const& url,
                                               NextHopSettings const& settings,
                                               StopSignal const& stop);

}  // namespace satchel::mailgw
