// One SMTP or LMTP conversation as a state machine without sockets (RFC 5321, RFC 2033). The shell
// feeds what it read, asks what to do next, does it, and tells the outcome. No thread, no clock, no
// disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "mailgw/data_reader.h"
#include "mailgw/envelope.h"
#include "mailgw/header_watch.h"
#include "mailgw/mail_protocol.h"
#include "mailgw/smtp_limits.h"
#include "mailgw/smtp_parameters.h"
#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct SmtpSessionSettings {
    std::string helo;                            ///< our name
    std::uint64_t message_max = 0;               ///< bytes
    bool smtputf8 = false;                       ///< the next hop takes it
    bool dsn = false;                            ///< the next hop takes it
    std::string loop_token;                      ///< value of our own loop line
    MailProtocol protocol = MailProtocol::smtp;  ///< LMTP brings mail of the inbound side
    bool hop_known = true;                       ///< what it takes was heard from itself
};

/// Who speaks to us, for the Received line.
struct SmtpPeer {
    std::string ip;
    std::string helo;      ///< as said, "" before
    std::string xforward;  ///< "NAME=… ADDR=…" as last said, xtext
    bool esmtp = false;
    MailProtocol protocol = MailProtocol::smtp;
};

class SmtpSession {
public:
    enum class Act {
        read,        ///< send the replies, then feed() more
        open_draft,  ///< make a place for the message, then draft_opened()
        write,       ///< append chunk() to the draft, then written()
        store,       ///< make the draft durable with envelope(), then stored()
        discard,     ///< drop the draft; nothing to tell
        close        ///< send the replies, then close
    };

    SmtpSession(SmtpSessionSettings settings, std::string peer_ip);

    void feed(ByteSpan input);
    Act next();

    /// Replies due so far, complete lines.
    std::string take_replies();

    void draft_opened(Status outcome);
    void written(Status outcome);
    void stored(Result<std::string> const& id);

    /// The conversation ends now with a 421: the client was idle, or we stop.
    enum class Interruption { idle, too_long, shutdown, too_many_sessions };
    void interrupt(Interruption why);

    /// Unstuffed, mended text; valid until written().
    ByteSpan chunk() const { return chunk_; }

    /// Of the message under way. Without trace lines, which need the id and the time.
    Envelope const& envelope() const { return envelope_; }

    SmtpPeer const& peer() const { return peer_; }

    /// Bytes the client said the message would have, 0 if unsaid.
    std::uint64_t announced_bytes() const { return announced_bytes_; }

    /// The client may be waiting for a reply it won't get: see DotReader.
    bool at_doubtful_end() const { return phase_ == Phase::data && text_.at_doubtful_end(); }

    /// Line ends of the message under way had to be mended.
    bool mended() const { return text_.mended(); }

    /// Fields of the message under way lost their name.
    bool links_stripped() const { return text_.links_stripped(); }

private:
    enum class Phase { commands, opening, data, storing, closing };

    bool take_line(std::string& line);
    void command(std::string_view line);
    void dispatch(std::string const& verb, std::string_view argument);
    void hello(std::string const& verb, std::string_view argument);
    void mail(std::string_view argument);
    void rcpt(std::string_view argument);
    void data(std::string_view argument);
    void xforward(std::string_view argument);
    void idle_command(std::string_view line);
    void read_data();
    void judge_content(std::size_t fresh_bytes);

    bool is_chunk_due() const {
        return !chunk_.empty() && (data_over_ || chunk_.size() >= smtp_limits::write_bytes);
    }

    void finish_data();
    void reset_transaction();
    void reply_to_data(std::string const& line);
    void reply(std::string_view line);
    void refuse(std::string_view line);
    void refuse_parameter(std::string_view line);

    bool is_lmtp() const { return settings_.protocol == MailProtocol::lmtp; }

    SmtpSessionSettings settings_;
    SmtpPeer peer_;
    Phase phase_ = Phase::commands;
    Bytes inbox_;
    std::size_t inbox_at_ = 0;
    bool skipping_line_ = false;
    std::size_t skipped_octets_ = 0;  ///< of an over-long line
    std::string replies_;
    std::size_t errors_ = 0;
    std::size_t idle_commands_ = 0;

    bool greeted_ = false;
    bool in_mail_ = false;
    bool rcpt_tried_ = false;
    std::size_t rcpt_accepted_ = 0;  ///< with those who were named twice
    Envelope envelope_;
    std::uint64_t announced_bytes_ = 0;

    DataReader text_{Side::outbound};
    HeaderWatch watch_{""};
    Bytes chunk_;
    std::uint64_t written_bytes_ = 0;
    std::string data_refusal_;  ///< reply for after the final dot, "" while all is well
    bool draft_open_ = false;
    bool data_over_ = false;
};

}  // namespace satchel::mailgw
