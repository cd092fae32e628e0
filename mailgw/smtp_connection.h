// One client of the SMTP server: reads, asks its SmtpSession, writes to the spool through the pool.
// Lives on the server's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "mailgw/smtp_server.h"
#include "mailgw/smtp_session.h"
#include "mailgw/spool.h"
#include "src/base/asio.h"
#include "src/base/worker_pool.h"

namespace satchel::mailgw {

/// What all connections of a server share.
struct SmtpSurroundings {
    SmtpServerSettings settings;
    Spool& spool;
    Clock const& clock;
    EventLog const& log;
    WorkerPool& disk;
    std::function<void()> on_message;
    EarlyDigests* early;  ///< null: nothing is read early
};

class SmtpConnection : public std::enable_shared_from_this<SmtpConnection> {
public:
    SmtpConnection(asio::ip::tcp::socket socket, SmtpSurroundings& around,
                   SmtpSessionSettings session);

    /// Until the conversation is over. The caller keeps `this` alive through a shared pointer.
    asio::awaitable<void> serve();

    /// A 421 as the whole conversation.
    void turn_away() { session_.interrupt(SmtpSession::Interruption::too_many_sessions); }

    /// The client is told as soon as nothing of its is being stored.
    void shut_down();

private:
    asio::awaitable<void> open_draft();
    asio::awaitable<void> write_chunk();
    void follow_growth();
    asio::awaitable<void> store();
    asio::awaitable<bool> flush();
    asio::awaitable<bool> read();
    asio::awaitable<void> linger();
    void arm(std::chrono::milliseconds limit);
    void disarm();

    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    std::uint64_t armed_ = 0;
    bool timed_out_ = false;
    bool reading_ = false;
    bool shutting_down_ = false;
    std::chrono::steady_clock::time_point const started_;
    SmtpSurroundings& around_;
    std::string loop_token_;
    std::string helo_;
    SmtpSession session_;
    std::optional<SpoolDraft> draft_;
    std::unique_ptr<EarlyDigests::Following> following_;
    bool follow_tried_ = false;
    std::unique_ptr<Byte[]> buffer_;
};

}  // namespace satchel::mailgw
