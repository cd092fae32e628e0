#include "mailgw/smtp_session.h"

#include <algorithm>
#include <utility>

#include "mailgw/smtp_command.h"
#include "mailgw/smtp_limits.h"
#include "mailgw/smtp_path.h"
#include "mailgw/xforward.h"

namespace satchel::mailgw {

namespace {

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// The reply where the disk would not take the message.
std::string storage_refusal(Error const& error) {
    return error.fault == Fault::no_space ? "452 4.3.1 No room for the message, try again later"
                                          : "451 4.3.0 Can't store the message, try again later";
}

}  // namespace

SmtpSession::SmtpSession(SmtpSessionSettings settings, std::string peer_ip)
    : settings_(std::move(settings)) {
    peer_.ip = std::move(peer_ip);
    peer_.protocol = settings_.protocol;
    reply("220 " + settings_.helo + (is_lmtp() ? " LMTP Satchel" : " ESMTP Satchel"));
}

void SmtpSession::reply(std::string_view line) {
    replies_ += line;
    replies_ += "\r\n";
}

void SmtpSession::refuse(std::string_view line) {
    reply(line);
    if (++errors_ >= smtp_limits::errors_per_session) {
        reply("421 4.7.0 Too many errors");
        phase_ = Phase::closing;
    }
}

/// Nothing is refused for good while the next hop may turn out to take it.
void SmtpSession::refuse_parameter(std::string_view line) {
    bool const for_now = !settings_.hop_known && line.starts_with("555 ");
    refuse(for_now ? "451 4.4.1 The next hop was not reached yet, try again later" : line);
}

std::string SmtpSession::take_replies() {
    return std::exchange(replies_, {});
}

void SmtpSession::feed(ByteSpan input) {
    if (inbox_at_ == inbox_.size()) {
        inbox_.clear();
        inbox_at_ = 0;
    }
    append(inbox_, input);
}

SmtpSession::Act SmtpSession::next() {
    std::string line;
    for (;;) {
        switch (phase_) {
            case Phase::commands:
                if (take_line(line)) {
                    command(line);
                } else if (phase_ == Phase::commands) {
                    return Act::read;
                }
                break;
            case Phase::opening:
                return Act::open_draft;
            case Phase::data:
                if (!data_refusal_.empty()) chunk_.clear();
                if (is_chunk_due()) return Act::write;
                if (!data_refusal_.empty() && std::exchange(draft_open_, false)) {
                    return Act::discard;
                }
                if (data_over_) {
                    finish_data();
                } else if (inbox_at_ == inbox_.size()) {
                    return Act::read;
                } else {
                    read_data();
                }
                break;
            case Phase::storing:
                return Act::store;
            case Phase::closing:
                return std::exchange(draft_open_, false) ? Act::discard : Act::close;
        }
    }
}

bool SmtpSession::take_line(std::string& line) {
    for (;;) {
        auto const begin = inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_at_);
        auto const nl = std::find(begin, inbox_.end(), Byte{'\n'});
        auto const size = static_cast<std::size_t>(nl - begin);
        bool const too_long = skipping_line_ || size > smtp_limits::command_line_octets;
        if (nl == inbox_.end()) {
            // What is over-long is dropped at once and told at its end.
            skipping_line_ = too_long;
            if (too_long) skipped_octets_ += size;
            if (skipped_octets_ > smtp_limits::skipped_octets) {
                reply("500 5.5.2 Line too long");
                phase_ = Phase::closing;
            }
            inbox_.erase(inbox_.begin(), too_long ? nl : begin);
            inbox_at_ = 0;
            return false;
        }
        line.assign(begin, nl);
        inbox_at_ += size + 1;
        skipping_line_ = false;
        skipped_octets_ = 0;
        if (too_long) {
            refuse("500 5.5.2 Line too long");
        } else if (!line.ends_with('\r')) {
            refuse("500 5.5.2 Lines end with CR LF");
        } else {
            line.pop_back();
            return true;
        }
        if (phase_ != Phase::commands) return false;
    }
}

void SmtpSession::command(std::string_view line) {
    auto const command = read_command(line);
    if (!command) return refuse("500 5.5.2 Control characters in command");
    dispatch(command->verb, command->argument);
}

void SmtpSession::dispatch(std::string const& verb, std::string_view argument) {
    if (verb == "EHLO" || verb == "HELO" || verb == "LHLO") return hello(verb, argument);
    if (verb == "MAIL") return mail(argument);
    if (verb == "RCPT") return rcpt(argument);
    if (verb == "DATA") return data(argument);
    if (verb == "XFORWARD") return xforward(argument);
    if (verb == "RSET") {
        if (!argument.empty()) return refuse("501 5.5.4 RSET takes no argument");
        reset_transaction();
        return idle_command("250 2.0.0 Ok");
    }
    if (verb == "NOOP") return idle_command("250 2.0.0 Ok");
    if (verb == "HELP") return idle_command("214 2.0.0 This is Satchel, see RFC 5321");
    if (verb == "VRFY") {
        if (argument.empty()) return refuse("501 5.5.4 VRFY takes an address");
        return idle_command("252 2.5.2 Can't tell, but will take mail and try");
    }
    if (verb == "QUIT") {
        if (!argument.empty()) return refuse("501 5.5.4 QUIT takes no argument");
        reply("221 2.0.0 " + settings_.helo + " closing");
        phase_ = Phase::closing;
        return;
    }
    for (char const* known : {"EXPN", "AUTH", "STARTTLS", "BDAT", "TURN", "ETRN", "SEND", "SOML"}) {
        if (verb == known) return refuse("502 5.5.1 Not implemented");
    }
    refuse("500 5.5.2 Command not recognised");
}

void SmtpSession::idle_command(std::string_view line) {
    reply(line);
    if (++idle_commands_ > smtp_limits::idle_commands_per_message) {
        reply("421 4.7.0 Too many commands without a message");
        phase_ = Phase::closing;
    }
}

void SmtpSession::hello(std::string const& verb, std::string_view argument) {
    // RFC 2033 §4.1, and the other way round.
    if (is_lmtp() != (verb == "LHLO")) {
        return refuse(is_lmtp() ? "500 5.5.1 This is LMTP, say LHLO"
                                : "500 5.5.1 This is SMTP, say EHLO");
    }
    bool const esmtp = verb != "HELO";
    if (argument.empty() || !is_printable(argument) ||
        argument.size() > smtp_limits::domain_octets) {
        return refuse("501 5.5.4 Say your name");
    }
    reset_transaction();
    greeted_ = true;
    peer_.helo = argument;
    peer_.esmtp = esmtp;
    if (!esmtp) return idle_command("250 " + settings_.helo);
    reply("250-" + settings_.helo);
    reply("250-PIPELINING");
    reply("250-SIZE " + std::to_string(settings_.message_max));
    reply("250-8BITMIME");
    if (settings_.smtputf8) reply("250-SMTPUTF8");
    if (settings_.dsn) reply("250-DSN");
    reply(std::string("250-XFORWARD ") + xforward_attributes);
    idle_command("250 ENHANCEDSTATUSCODES");
}

void SmtpSession::mail(std::string_view argument) {
    if (!greeted_)
        return refuse(is_lmtp() ? "503 5.5.1 Say LHLO first" : "503 5.5.1 Say EHLO first");
    if (in_mail_) return refuse("503 5.5.1 A message is under way");
    auto const text = after_keyword(argument, "FROM:");
    if (!text) return refuse("501 5.5.4 MAIL FROM:<address>");
    auto const path = parse_smtp_path(*text);
    if (!path) return refuse("501 5.1.7 Bad sender: " + path.error().what);
    MailParameters parameters;
    SmtpExtensions const offered{peer_.esmtp, settings_.smtputf8, settings_.dsn};
    if (auto refusal = read_mail_parameters(text->substr(path->used), offered, parameters)) {
        return refuse_parameter(*refusal);
    }
    if (!path->mailbox.empty() && path->mailbox.find('@') == std::string::npos) {
        return refuse("501 5.1.7 Bad sender: no domain");
    }
    if (!path->ascii && !parameters.smtputf8) return refuse("553 5.6.7 UTF-8 needs SMTPUTF8");
    if (parameters.size.value_or(0) > settings_.message_max) {
        return refuse("552 5.3.4 Message too big, " + std::to_string(settings_.message_max) +
                      " bytes at most");
    }
    envelope_ = Envelope();
    envelope_.side = is_lmtp() ? Side::inbound : Side::outbound;
    envelope_.sender = path->mailbox;
    envelope_.body = parameters.body;
    envelope_.smtputf8 = parameters.smtputf8;
    envelope_.ret = parameters.ret;
    envelope_.envid = parameters.envid;
    envelope_.xforward = peer_.xforward;
    announced_bytes_ = parameters.size.value_or(0);
    in_mail_ = true;
    rcpt_tried_ = false;
    rcpt_accepted_ = 0;
    reply("250 2.1.0 Ok");
}

void SmtpSession::rcpt(std::string_view argument) {
    if (!in_mail_) return refuse("503 5.5.1 Say MAIL FROM first");
    auto const text = after_keyword(argument, "TO:");
    if (!text) return refuse("501 5.5.4 RCPT TO:<address>");
    rcpt_tried_ = true;
    auto const path = parse_smtp_path(*text);
    if (!path) return refuse("501 5.1.3 Bad recipient: " + path.error().what);
    EnvelopeRecipient recipient{path->mailbox, "", ""};
    SmtpExtensions const offered{peer_.esmtp, envelope_.smtputf8, settings_.dsn};
    if (auto refusal = read_rcpt_parameters(text->substr(path->used), offered, recipient)) {
        return refuse_parameter(*refusal);
    }
    // RFC 5321 §4.5.1: postmaster needs no domain.
    bool const qualified = path->mailbox.find('@') != std::string::npos;
    if (!qualified && after_keyword(path->mailbox, "postmaster") != "") {
        return refuse("501 5.1.3 Bad recipient: no domain");
    }
    if (!path->ascii && !envelope_.smtputf8) return refuse("553 5.6.7 UTF-8 needs SMTPUTF8");
    auto const same = [&](EnvelopeRecipient const& r) {
        return is_same_mailbox(r.address, recipient.address);
    };
    bool const known = std::any_of(envelope_.recipients.begin(), envelope_.recipients.end(), same);
    // LMTP owes a reply to each of them after the data, also to one who was named twice.
    auto const counted = is_lmtp() ? rcpt_accepted_ : envelope_.recipients.size();
    // No error of the client's: RFC 5321 §4.5.3.1.10 lets it come again with the rest.
    if ((is_lmtp() || !known) && counted >= smtp_limits::recipients_per_message) {
        return reply("452 4.5.3 Too many recipients, send the rest in another message");
    }
    if (!known) envelope_.recipients.push_back(std::move(recipient));
    ++rcpt_accepted_;
    reply("250 2.1.5 Ok");
}

void SmtpSession::data(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 DATA takes no argument");
    if (!in_mail_) return refuse("503 5.5.1 Say MAIL FROM first");
    if (envelope_.recipients.empty()) {
        return refuse(rcpt_tried_ ? "554 5.5.1 No valid recipients"
                                  : "503 5.5.1 Say RCPT TO first");
    }
    phase_ = Phase::opening;
}

void SmtpSession::draft_opened(Status outcome) {
    if (!outcome) {
        phase_ = Phase::commands;
        reply(storage_refusal(outcome.error()));
        reset_transaction();
        return;
    }
    text_ = DataReader(envelope_.side);
    watch_ = HeaderWatch(settings_.loop_token);
    written_bytes_ = 0;
    data_refusal_.clear();
    draft_open_ = true;
    data_over_ = false;
    reply("354 End with CR LF . CR LF");
    phase_ = Phase::data;
}

void SmtpSession::read_data() {
    auto const before = chunk_.size();
    // Once, and no more than it will hold: a message of any size needs no other.
    if (before > 0) chunk_.reserve(smtp_limits::write_bytes + smtp_limits::chunk_bytes + 8);
    auto const step = text_.read(ByteSpan(inbox_).subspan(inbox_at_), chunk_);
    inbox_at_ += step.used;
    data_over_ = step.ended;
    if (!data_refusal_.empty()) return;
    auto const fresh = ByteSpan(chunk_).subspan(before);
    watch_.look(fresh);
    judge_content(fresh.size());
}

void SmtpSession::judge_content(std::size_t fresh_bytes) {
    written_bytes_ += fresh_bytes;
    if (written_bytes_ > settings_.message_max) {
        data_refusal_ = "552 5.3.4 Message too big, " + std::to_string(settings_.message_max) +
                        " bytes at most";
    } else if (watch_.own_loop_line()) {
        data_refusal_ = "554 5.4.6 Mail loop: this gateway has seen the message before";
    } else if (watch_.received_lines() > smtp_limits::received_hops) {
        data_refusal_ = "554 5.4.6 Mail loop: too many Received lines";
    }
}

void SmtpSession::written(Status outcome) {
    chunk_.clear();
    if (!outcome) data_refusal_ = storage_refusal(outcome.error());
}

void SmtpSession::finish_data() {
    if (data_refusal_.empty()) {
        envelope_.eight_bit = watch_.eight_bit();
        envelope_.eight_bit_header = watch_.eight_bit_header();
        phase_ = Phase::storing;
        return;
    }
    phase_ = Phase::commands;
    reply_to_data(data_refusal_);
    reset_transaction();
}

/// LMTP has a reply per accepted recipient, in their order; the message is ours for all or none.
void SmtpSession::reply_to_data(std::string const& line) {
    for (std::size_t more = is_lmtp() ? rcpt_accepted_ : 1; more > 1; --more)
        reply(line);
    line.starts_with('5') ? refuse(line) : reply(line);
}

void SmtpSession::stored(Result<std::string> const& id) {
    draft_open_ = false;
    phase_ = Phase::commands;
    if (id) {
        reply_to_data("250 2.0.0 Ok: queued as " + *id);
        idle_commands_ = 0;
    } else {
        reply_to_data(storage_refusal(id.error()));
    }
    reset_transaction();
}

void SmtpSession::reset_transaction() {
    in_mail_ = false;
    rcpt_tried_ = false;
    rcpt_accepted_ = 0;
    envelope_ = Envelope();
    announced_bytes_ = 0;
    peer_.xforward.clear();
    data_refusal_.clear();
}

void SmtpSession::xforward(std::string_view argument) {
    if (!peer_.esmtp)
        return refuse(is_lmtp() ? "503 5.5.1 Say LHLO first" : "503 5.5.1 Say EHLO first");
    if (in_mail_) return refuse("503 5.5.1 A message is under way");
    if (argument.empty() || !merge_xforward(argument, peer_.xforward)) {
        return refuse("501 5.5.4 Bad XFORWARD attribute");
    }
    idle_command("250 2.0.0 Ok");
}

void SmtpSession::interrupt(Interruption why) {
    switch (why) {
        case Interruption::idle:
            at_doubtful_end() ? reply_to_data("550 5.5.2 Data must end with CR LF . CR LF")
                              : reply("421 4.4.2 " + settings_.helo + " idle for too long");
            break;
        case Interruption::too_long:
            reply("421 4.4.2 " + settings_.helo + " conversation took too long");
            break;
        case Interruption::shutdown:
            reply("421 4.3.2 " + settings_.helo + " shutting down");
            break;
        case Interruption::too_many_sessions:
            replies_.clear();  // instead of the greeting
            reply("421 4.3.2 " + settings_.helo + " has too many connections");
            break;
    }
    phase_ = Phase::closing;
}

}  // namespace satchel::mailgw
