#include "mailgw/smtp_transaction.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "mailgw/dot_stuffer.h"
#include "mailgw/mail_text.h"
#include "mailgw/smtp_limits.h"

namespace satchel::mailgw {

namespace {

using Verdict = HopResult::Verdict;
using Positions = SmtpTransaction::Positions;

constexpr std::size_t pipelined_recipients = 100;
constexpr int service_closing = 421;

HopResult judged(SmtpReply const& reply) {
    return {reply.positive()    ? Verdict::delivered
            : reply.permanent() ? Verdict::permanent
                                : Verdict::temporary,
            reply.text};
}

HopResult judged(Result<SmtpReply> const& reply) {
    return reply ? judged(*reply) : lost(reply.error());
}

bool usable_after(Result<SmtpReply> const& reply) {
    return reply && reply->code != service_closing;
}

template <class Iterator>
void set_all(std::vector<HopResult>& results, Iterator from, Iterator to, HopResult const& result) {
    for (; from != to; ++from)
        results[*from] = result;
}

void set_all(std::vector<HopResult>& results, Positions const& positions, HopResult const& result) {
    set_all(results, positions.begin(), positions.end(), result);
}

}  // namespace

HopResult lost(Error const& error) {
    return {Verdict::temporary, error.what};
}

bool SmtpTransaction::run(Positions recipients, std::vector<HopResult>& results) {
    recipients_ = std::move(recipients);
    accepted_.clear();
    put_off_.clear();
    if (refuse_unfit(results)) return true;
    if (!begin(results)) return false;
    if (recipients_.empty()) return true;
    if (!name_recipients(results)) return false;
    return accepted_.empty() || send_content(results);
}

bool SmtpTransaction::refuse_unfit(std::vector<HopResult>& results) const {
    Envelope const& envelope = content_.message.envelope;
    SmtpFeatures const& features = client_.features();
    auto const refuse = [&](char const* words) {
        set_all(results, recipients_, {Verdict::permanent, words});
        return true;
    };
    // 8-bit text goes as it stands to a server that does not say 8BITMIME, as from most mail
    // servers: changed bytes would break signatures, and what was taken with 250 would be lost by
    // refusing.
    if (envelope.smtputf8 && !features.smtputf8) {
        bool needed = envelope.eight_bit_header || !is_ascii(envelope.sender);
        for (std::size_t const position : recipients_)
            needed = needed || !is_ascii(who(position).address);
        if (needed) return refuse("554 5.6.7 The next hop takes no internationalised mail");
    }
    if (features.size_max != 0 && content_.bytes > features.size_max) {
        return refuse("552 5.3.4 The message is too big for the next hop");
    }
    return false;
}

/// Where the sender is refused, nobody is left in `recipients_`.
bool SmtpTransaction::begin(std::vector<HopResult>& results) {
    Envelope const& envelope = content_.message.envelope;
    SmtpFeatures const& features = client_.features();
    std::string line = "MAIL FROM:<" + envelope.sender + '>';
    if (features.size) line += " SIZE=" + std::to_string(content_.bytes);
    if (features.eight_bit_mime && envelope.body == BodyType::eight_bit_mime) {
        line += " BODY=8BITMIME";
    }
    if (features.eight_bit_mime && envelope.body == BodyType::seven_bit) line += " BODY=7BIT";
    if (features.smtputf8 && envelope.smtputf8) line += " SMTPUTF8";
    if (features.dsn && !envelope.ret.empty()) line += " RET=" + envelope.ret;
    if (features.dsn && !envelope.envid.empty()) line += " ENVID=" + envelope.envid;
    Result<SmtpReply> reply = SmtpReply{250, ""};
    if (features.xforward && !envelope.xforward.empty()) {
        reply = client_.say("XFORWARD " + envelope.xforward);
    }
    if (reply) reply = client_.say(line);
    if (reply && reply->positive()) return true;
    set_all(results, std::exchange(recipients_, {}), judged(reply));
    return usable_after(reply);
}

bool SmtpTransaction::name_recipients(std::vector<HopResult>& results) {
    SmtpFeatures const& features = client_.features();
    std::size_t const batch = features.pipelining ? pipelined_recipients : 1;
    auto const& all = recipients_;
    for (std::size_t at = 0; at < all.size(); at += batch) {
        auto const end = std::min(all.size(), at + batch);
        std::string lines;
        for (std::size_t i = at; i < end; ++i) {
            lines += "RCPT TO:<" + who(all[i]).address + '>';
            if (features.dsn && !who(all[i]).notify.empty()) {
                lines += " NOTIFY=" + who(all[i]).notify;
            }
            if (features.dsn && !who(all[i]).orcpt.empty()) lines += " ORCPT=" + who(all[i]).orcpt;
            lines += "\r\n";
        }
        Status sent = client_.send(bytes_of(lines), settings_.reply_timeout);
        for (std::size_t i = at; i < end; ++i) {
            auto const reply = sent ? client_.read_reply(settings_.reply_timeout)
                                    : Result<SmtpReply>(fail(sent.error()));
            if (!usable_after(reply)) {
                set_all(results, all, judged(reply));
                return false;
            }
            results[all[i]] = judged(*reply);
            if (reply->positive()) accepted_.push_back(all[i]);
            // RFC 5321 §4.5.3.1.10: too many at once, the others go in another transaction.
            bool const too_many = reply->code == 452 && !accepted_.empty();
            if (too_many) put_off_.push_back(all[i]);
        }
    }
    return true;
}

Status SmtpTransaction::send_text() {
    DotStuffer stuffer;
    Bytes out;
    stuffer.stuff(bytes_of(content_.message.envelope.trace), out);
    std::array<Byte, smtp_limits::chunk_bytes> buffer;
    for (std::uint64_t at = 0;;) {
        auto const count = read_at(content_.message.fd, buffer, at);
        if (!count) return fail(count.error());
        stuffer.stuff(ByteSpan(buffer.data(), *count), out);
        if (*count == 0) append(out, bytes_of(stuffer.line_start() ? ".\r\n" : "\r\n.\r\n"));
        if (auto sent = client_.send(out, settings_.data_block_timeout); !sent) return sent;
        if (*count == 0) return {};
        out.clear();
        at += *count;
    }
}

/// The reply to the data; over LMTP one for each accepted recipient, in the order of their RCPT
/// (RFC 2033 §4.2). A connection that ends between them leaves the verdicts told so far.
bool SmtpTransaction::hear_verdicts(std::vector<HopResult>& results) {
    if (protocol_ == MailProtocol::smtp) {
        auto const reply = client_.read_reply(settings_.final_reply_timeout);
        set_all(results, accepted_, judged(reply));
        return usable_after(reply);
    }
    for (auto at = accepted_.begin(); at != accepted_.end(); ++at) {
        auto const reply = client_.read_reply(settings_.final_reply_timeout);
        if (!usable_after(reply)) {
            set_all(results, at, accepted_.end(), judged(reply));
            return false;
        }
        results[*at] = judged(*reply);
    }
    return true;
}

bool SmtpTransaction::send_content(std::vector<HopResult>& results) {
    auto reply = client_.say("DATA");
    if (reply && reply->code == 354) {
        auto const sent = send_text();
        if (sent) return hear_verdicts(results);
        reply = fail(sent.error());
    } else if (reply && reply->positive()) {
        reply = fail(Fault::corrupt, "next hop: " + reply->text + " in reply to DATA");
    }
    set_all(results, accepted_, judged(reply));
    return usable_after(reply);
}

}  // namespace satchel::mailgw
