#include "mailgw/smtp_next_hop.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <sstream>

#include "mailgw/smtp_limits.h"

namespace satchel::mailgw {

namespace {

using Verdict = HopResult::Verdict;

constexpr std::size_t pipelined_recipients = 100;

HopResult judged(SmtpReply const& reply) {
    return {reply.positive()    ? Verdict::delivered
            : reply.permanent() ? Verdict::permanent
                                : Verdict::temporary,
            reply.text};
}

HopResult lost(Error const& error) {
    return {Verdict::temporary, error.what};
}

std::string upper(std::string text) {
    for (char& c : text)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

bool is_ascii(std::string const& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Dot-stuffs CR LF text piece by piece (RFC 5321 §4.5.2).
class DotStuffer {
public:
    void stuff(ByteSpan in, Bytes& out) {
        while (!in.empty()) {
            if (line_start_ && in[0] == '.') out.push_back('.');
            auto const* nl = static_cast<Byte const*>(std::memchr(in.data(), '\n', in.size()));
            auto const size =
                nl == nullptr ? in.size() : static_cast<std::size_t>(nl - in.data()) + 1;
            append(out, in.first(size));
            line_start_ = nl != nullptr;
            in = in.subspan(size);
        }
    }

    bool line_start() const { return line_start_; }

private:
    bool line_start_ = true;
};

}  // namespace

SmtpFeatures read_ehlo_reply(std::string const& text) {
    SmtpFeatures features;
    std::istringstream lines(text);
    bool first = true;
    for (std::string line; std::getline(lines, line); first = false) {
        if (first || line.size() < 5) continue;
        std::istringstream words(line.substr(4));
        std::string keyword;
        std::string argument;
        words >> keyword >> argument;
        keyword = upper(keyword);
        if (keyword == "PIPELINING") features.pipelining = true;
        if (keyword == "8BITMIME") features.eight_bit_mime = true;
        if (keyword == "SMTPUTF8") features.smtputf8 = true;
        if (keyword == "DSN") features.dsn = true;
        if (keyword == "XFORWARD") features.xforward = true;
        if (keyword == "SIZE") {
            features.size = true;
            std::from_chars(argument.data(), argument.data() + argument.size(), features.size_max);
        }
    }
    return features;
}

/// One MAIL … DATA exchange.
struct SmtpNextHop::Transaction {
    HopMessage const& message;
    std::vector<std::size_t> recipients;  ///< positions in `results`
    std::vector<HopResult>& results;
    std::uint64_t bytes = 0;
    std::vector<std::size_t> accepted{};  ///< positions in `results`
    std::vector<std::size_t> put_off{};   ///< refused only because there were too many

    EnvelopeRecipient const& who(std::size_t position) const {
        return message.envelope.recipients[message.recipients[position]];
    }

    void end(std::vector<std::size_t> const& positions, HopResult const& result) {
        for (std::size_t const position : positions)
            results[position] = result;
    }
};

SmtpNextHop::SmtpNextHop(std::string host, std::uint16_t port, NextHopSettings settings,
                         StopSignal const& stop)
    : host_(std::move(host))
    , port_(port)
    , settings_(std::move(settings))
    , stop_(stop) {}

SmtpNextHop::~SmtpNextHop() {
    rest();
}

void SmtpNextHop::rest() {
    if (wire_) static_cast<void>(wire_->send("QUIT\r\n", std::chrono::milliseconds(100)));
    hang_up();
}

Result<SmtpReply> SmtpNextHop::say(std::string const& line) {
    if (auto sent = wire_->send(line + "\r\n", settings_.reply_timeout); !sent) {
        return fail(sent.error());
    }
    return wire_->read_reply(settings_.reply_timeout);
}

Status SmtpNextHop::connect() {
    auto wire = SmtpWire::connect(host_, port_, settings_.connect_timeout, stop_);
    if (!wire) return fail(wire.error());
    wire_.emplace(std::move(*wire));
    used_ = false;
    auto reply = wire_->read_reply(settings_.reply_timeout);
    features_ = SmtpFeatures();
    if (reply && reply->positive()) {
        reply = say("EHLO " + settings_.helo);
        if (reply && reply->positive()) features_ = read_ehlo_reply(reply->text);
        if (reply && reply->permanent()) reply = say("HELO " + settings_.helo);
    }
    if (!reply || !reply->positive()) {
        hang_up();
        return fail(reply ? Error{Fault::unavailable, "next hop: " + reply->text} : reply.error());
    }
    known_ = {features_.smtputf8, features_.dsn};
    return {};
}

Result<HopCapabilities> SmtpNextHop::ask() {
    if (!wire_) {
        if (auto connected = connect(); !connected) return fail(connected.error());
    }
    return known_;
}

bool SmtpNextHop::begin(Transaction& transaction) {
    Envelope const& envelope = transaction.message.envelope;
    std::string line = "MAIL FROM:<" + envelope.sender + '>';
    if (features_.size) line += " SIZE=" + std::to_string(transaction.bytes);
    if (features_.eight_bit_mime && envelope.body == BodyType::eight_bit_mime) {
        line += " BODY=8BITMIME";
    }
    if (features_.eight_bit_mime && envelope.body == BodyType::seven_bit) line += " BODY=7BIT";
    if (features_.smtputf8 && envelope.smtputf8) line += " SMTPUTF8";
    if (features_.dsn && !envelope.ret.empty()) line += " RET=" + envelope.ret;
    if (features_.dsn && !envelope.envid.empty()) line += " ENVID=" + envelope.envid;
    Result<SmtpReply> reply = SmtpReply{250, ""};
    if (features_.xforward && !envelope.xforward.empty()) {
        reply = say("XFORWARD " + envelope.xforward);
    }
    if (reply) reply = say(line);
    if (reply && reply->positive()) return true;
    transaction.end(transaction.recipients, reply ? judged(*reply) : lost(reply.error()));
    if (!reply || reply->code == 421) hang_up();
    return false;
}

bool SmtpNextHop::name_recipients(Transaction& transaction) {
    std::size_t const batch = features_.pipelining ? pipelined_recipients : 1;
    auto const& all = transaction.recipients;
    for (std::size_t at = 0; at < all.size(); at += batch) {
        auto const end = std::min(all.size(), at + batch);
        std::string lines;
        for (std::size_t i = at; i < end; ++i) {
            EnvelopeRecipient const& who = transaction.who(all[i]);
            lines += "RCPT TO:<" + who.address + '>';
            if (features_.dsn && !who.notify.empty()) lines += " NOTIFY=" + who.notify;
            if (features_.dsn && !who.orcpt.empty()) lines += " ORCPT=" + who.orcpt;
            lines += "\r\n";
        }
        Status sent = wire_->send(lines, settings_.reply_timeout);
        for (std::size_t i = at; i < end; ++i) {
            auto const reply = sent ? wire_->read_reply(settings_.reply_timeout)
                                    : Result<SmtpReply>(fail(sent.error()));
            if (!reply || reply->code == 421) {
                transaction.end(all, reply ? judged(*reply) : lost(reply.error()));
                hang_up();
                return false;
            }
            transaction.results[all[i]] = judged(*reply);
            if (reply->positive()) transaction.accepted.push_back(all[i]);
            // RFC 5321 §4.5.3.1.10: too many at once, the others go in another transaction.
            bool const too_many = reply->code == 452 && !transaction.accepted.empty();
            if (too_many) transaction.put_off.push_back(all[i]);
        }
    }
    return true;
}

Status SmtpNextHop::send_text(Transaction const& transaction) {
    DotStuffer stuffer;
    Bytes out;
    stuffer.stuff(bytes_of(transaction.message.envelope.trace), out);
    std::array<Byte, smtp_limits::chunk_bytes> buffer;
    for (std::uint64_t at = 0;;) {
        auto const count = read_at(transaction.message.fd, buffer, at);
        if (!count) return fail(count.error());
        stuffer.stuff(ByteSpan(buffer.data(), *count), out);
        if (*count == 0) append(out, bytes_of(stuffer.line_start() ? ".\r\n" : "\r\n.\r\n"));
        if (auto sent = wire_->send(out, settings_.data_block_timeout); !sent) return sent;
        if (*count == 0) return {};
        out.clear();
        at += *count;
    }
}

void SmtpNextHop::send_content(Transaction& transaction) {
    auto reply = say("DATA");
    if (reply && reply->code == 354) {
        if (auto sent = send_text(transaction); sent) {
            reply = wire_->read_reply(settings_.final_reply_timeout);
        } else {
            reply = fail(sent.error());
        }
    } else if (reply && reply->positive()) {
        reply = fail(Fault::corrupt, "next hop: " + reply->text + " in reply to DATA");
    }
    transaction.end(transaction.accepted, reply ? judged(*reply) : lost(reply.error()));
    if (!reply || reply->code == 421) hang_up();
}

void SmtpNextHop::run(Transaction& transaction) {
    Envelope const& envelope = transaction.message.envelope;
    auto const refuse = [&](char const* words) {
        transaction.end(transaction.recipients, {Verdict::permanent, words});
    };
    // Not downgraded: changed bytes would break signatures, and restoring.
    if (envelope.body == BodyType::eight_bit_mime && envelope.eight_bit &&
        !features_.eight_bit_mime) {
        return refuse("554 5.6.3 The next hop takes no 8-bit text");
    }
    if (envelope.smtputf8 && !features_.smtputf8) {
        bool needed = envelope.eight_bit_header || !is_ascii(envelope.sender);
        for (std::size_t const position : transaction.recipients)
            needed = needed || !is_ascii(transaction.who(position).address);
        if (needed) return refuse("554 5.6.7 The next hop takes no internationalised mail");
    }
    if (features_.size_max != 0 && transaction.bytes > features_.size_max) {
        return refuse("552 5.3.4 The message is too big for the next hop");
    }
    used_ = true;
    if (!begin(transaction) || !name_recipients(transaction)) return;
    if (!transaction.accepted.empty()) send_content(transaction);
}

std::vector<HopResult> SmtpNextHop::deliver(HopMessage const& message) {
    std::vector<HopResult> results(message.recipients.size());
    auto const size = file_size(message.fd);
    if (!size) return std::vector<HopResult>(results.size(), lost(size.error()));
    Transaction transaction{message, {}, results, *size + message.envelope.trace.size()};
    for (std::size_t position = 0; position < results.size(); ++position)
        transaction.recipients.push_back(position);
    while (!transaction.recipients.empty()) {
        // A server may have closed a connection that was idle: no failure of this message. And what
        // an earlier transaction left behind must go.
        if (wire_ && used_) {
            auto const alive = say("RSET");
            if (!alive || !alive->positive()) hang_up();
        }
        if (!wire_) {
            if (auto connected = connect(); !connected) {
                transaction.end(transaction.recipients, lost(connected.error()));
                break;
            }
        }
        transaction.accepted.clear();
        transaction.put_off.clear();
        run(transaction);
        if (!wire_) break;
        transaction.recipients = transaction.put_off;
    }
    return results;
}

}  // namespace satchel::mailgw
