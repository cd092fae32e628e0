#include "mailgw/smtp_connection.h"

#include <utility>

#include "mailgw/smtp_limits.h"
#include "mailgw/trace_header.h"

namespace satchel::mailgw {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t linger_bytes = 4 << 20;
constexpr auto linger_timeout = 2s;

std::string ip_of(asio::ip::tcp::socket const& socket) {
    boost::system::error_code failed;
    auto const endpoint = socket.remote_endpoint(failed);
    return failed ? "unknown" : endpoint.address().to_string();
}

}  // namespace

SmtpConnection::SmtpConnection(asio::ip::tcp::socket socket, SmtpSurroundings& around,
                               SmtpSessionSettings session)
    : socket_(std::move(socket))
    , timer_(socket_.get_executor())
    , started_(std::chrono::steady_clock::now())
    , around_(around)
    , loop_token_(session.loop_token)
    , helo_(session.helo)
    , session_(std::move(session), ip_of(socket_))
    // Not zeroed: pages that are never read into cost nothing.
    , buffer_(std::make_unique_for_overwrite<Byte[]>(smtp_limits::chunk_bytes)) {}

void SmtpConnection::arm(std::chrono::milliseconds limit) {
    timed_out_ = false;
    timer_.expires_after(limit);
    timer_.async_wait([weak = weak_from_this(), mine = ++armed_](boost::system::error_code) {
        auto const self = weak.lock();
        if (!self || self->armed_ != mine) return;
        self->timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);
    });
}

void SmtpConnection::disarm() {
    ++armed_;
    timer_.cancel();
}

void SmtpConnection::shut_down() {
    shutting_down_ = true;
    boost::system::error_code ignored;
    if (reading_) socket_.cancel(ignored);
}

asio::awaitable<bool> SmtpConnection::flush() {
    auto const replies = session_.take_replies();
    if (replies.empty()) co_return true;
    arm(around_.settings.idle_timeout);
    boost::system::error_code failed;
    auto const buffer = asio::buffer(replies);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    co_await asio::async_write(socket_, buffer, token);
    disarm();
    co_return !failed;
}

asio::awaitable<bool> SmtpConnection::read() {
    auto const spent = std::chrono::steady_clock::now() - started_;
    if (shutting_down_ || spent >= around_.settings.session_timeout) {
        session_.interrupt(shutting_down_ ? SmtpSession::Interruption::shutdown
                                          : SmtpSession::Interruption::too_long);
        co_return true;
    }
    arm(session_.at_doubtful_end() ? around_.settings.doubtful_end_timeout
                                   : around_.settings.idle_timeout);
    boost::system::error_code failed;
    auto const buffer = asio::buffer(buffer_.get(), smtp_limits::chunk_bytes);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    reading_ = true;
    std::size_t const count = co_await socket_.async_read_some(buffer, token);
    reading_ = false;
    disarm();
    if (!failed) {
        session_.feed(ByteSpan(buffer_.get(), count));
    } else if (timed_out_ || shutting_down_) {
        session_.interrupt(timed_out_ ? SmtpSession::Interruption::idle
                                      : SmtpSession::Interruption::shutdown);
    } else {
        co_return false;
    }
    co_return true;
}

asio::awaitable<void> SmtpConnection::open_draft() {
    auto const begin = [this, bytes = session_.announced_bytes()] {
        return around_.spool.begin(bytes);
    };
    auto draft = co_await around_.disk.await(begin);
    if (draft) {
        draft_.emplace(std::move(*draft));
        follow_tried_ = false;
        session_.draft_opened({});
    } else {
        around_.log.warning("message_refused", {{"reason", draft.error().what}});
        session_.draft_opened(fail(draft.error()));
    }
}

asio::awaitable<void> SmtpConnection::write_chunk() {
    auto const write = [this] { return draft_->write(session_.chunk()); };
    auto const written = co_await around_.disk.await(write);
    if (!written) around_.log.warning("message_refused", {{"reason", written.error().what}});
    if (written) follow_growth();
    session_.written(written);
}

void SmtpConnection::follow_growth() {
    bool const worth_it = around_.early != nullptr && draft_->bytes() >= EarlyDigests::bytes_min;
    if (worth_it && !std::exchange(follow_tried_, true))
        following_ = around_.early->follow(draft_->id(), draft_->fd());
    if (following_) following_->grown_to(draft_->bytes());
}

asio::awaitable<void> SmtpConnection::store() {
    Envelope envelope = session_.envelope();
    TraceFacts const facts{helo_, draft_->id(), loop_token_, around_.clock.unix_seconds()};
    envelope.trace = trace_lines(facts, session_.peer(), envelope);
    auto const commit = [this, &envelope] {
        return around_.spool.commit(std::move(*std::exchange(draft_, std::nullopt)), envelope);
    };
    auto const bytes = draft_->bytes();
    // What is left to be read is read while the disk syncs.
    if (following_) following_->complete();
    following_.reset();
    Status const stored = co_await around_.disk.await(commit);
    if (stored) {
        around_.log.info("message_received",
                         {{"id", facts.id},
                          {"bytes", std::to_string(bytes)},
                          {"recipients", std::to_string(envelope.recipients.size())}});
        if (session_.mended()) around_.log.info("line_ends_mended", {{"id", facts.id}});
        if (session_.links_stripped()) around_.log.info("link_fields_stripped", {{"id", facts.id}});
        around_.on_message();
        session_.stored(facts.id);
    } else {
        around_.log.warning("message_refused", {{"reason", stored.error().what}});
        if (around_.early != nullptr) around_.early->drop(facts.id);
        session_.stored(fail(stored.error()));
    }
}

asio::awaitable<void> SmtpConnection::linger() {
    // Closing with unread input would send a reset, which may overtake our last reply.
    boost::system::error_code failed;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    arm(linger_timeout);
    auto const buffer = asio::buffer(buffer_.get(), smtp_limits::chunk_bytes);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    for (std::size_t drained = 0; !failed && !shutting_down_ && drained < linger_bytes;) {
        drained += co_await socket_.async_read_some(buffer, token);
    }
    disarm();
}

asio::awaitable<void> SmtpConnection::serve() {
    for (;;) {
        switch (session_.next()) {
            case SmtpSession::Act::read: {
                bool const sent = co_await flush();
                if (!sent) co_return;
                bool const going_on = co_await read();
                if (!going_on) co_return;
                break;
            }
            case SmtpSession::Act::open_draft:
                co_await open_draft();
                break;
            case SmtpSession::Act::write:
                co_await write_chunk();
                break;
            case SmtpSession::Act::store:
                co_await store();
                break;
            case SmtpSession::Act::discard:
                following_.reset();
                draft_.reset();
                break;
            case SmtpSession::Act::close:
                co_await flush();
                co_await linger();
                co_return;
        }
    }
}

}  // namespace satchel::mailgw
