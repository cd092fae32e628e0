// The socket shell around SmtpSession, for SMTP and LMTP alike: one thread for all conversations,
// disk work in a pool. A slow client, disk or message stalls no other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "mailgw/early_digests.h"
#include "mailgw/smtp_limits.h"
#include "mailgw/smtp_session.h"
#include "mailgw/spool.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::mailgw {

struct SmtpServerSettings {
    Endpoint listen;  ///< port 0: one is picked
    std::size_t sessions_max = smtp_limits::sessions;
    std::chrono::milliseconds idle_timeout = smtp_limits::idle_timeout;
    std::chrono::milliseconds doubtful_end_timeout = smtp_limits::doubtful_end_timeout;
    std::chrono::milliseconds session_timeout = smtp_limits::session_timeout;
    unsigned disk_threads = 8;
};

class SmtpServer {
public:
    /// What every new session starts with; asked on the server's thread.
    using SessionSettings = std::function<SmtpSessionSettings()>;

    /// Listens, and serves on its own thread. `on_message` is called there whenever a message was
    /// stored. Large messages are read `early`, if that is not null.
    static Result<std::unique_ptr<SmtpServer>> start(SmtpServerSettings const& settings,
                                                     SessionSettings session_settings, Spool& spool,
                                                     Clock const& clock, EventLog const& log,
                                                     std::function<void()> on_message,
                                                     EarlyDigests* early = nullptr);

    /// As stop().
    ~SmtpServer();

    std::uint16_t port() const;

    /// No new connections; what is being stored is stored, everybody else gets a 421. Under 3 s.
    void stop();

private:
    class Shell;
    explicit SmtpServer(std::unique_ptr<Shell> shell);
    std::unique_ptr<Shell> shell_;
};

}  // namespace satchel::mailgw
