#include "tests/unit/mailgw/dialogue.h"

#include <deque>
#include <sstream>

namespace satchel::mailgw {

namespace {

std::string unescape(std::string const& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'r':
                out += '\r';
                break;
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case 'x':
                out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
                i += 2;
                break;
            default:
                out += text[i];
        }
    }
    return out;
}

bool matches(std::string const& pattern, std::string const& text) {
    auto const star = pattern.find('*');
    if (star == std::string::npos) return pattern == text;
    auto const tail = pattern.substr(star + 1);
    return text.size() >= star + tail.size() && text.starts_with(pattern.substr(0, star)) &&
           text.ends_with(tail);
}

std::string told(Envelope const& envelope) {
    std::string out = "from=<" + envelope.sender + "> to=";
    for (auto const& recipient : envelope.recipients) {
        out += (out.ends_with('=') ? "<" : ",<") + recipient.address + '>';
        if (!recipient.notify.empty()) out += " NOTIFY=" + recipient.notify;
        if (!recipient.orcpt.empty()) out += " ORCPT=" + recipient.orcpt;
    }
    if (envelope.body == BodyType::seven_bit) out += " BODY=7BIT";
    if (envelope.body == BodyType::eight_bit_mime) out += " BODY=8BITMIME";
    if (envelope.smtputf8) out += " SMTPUTF8";
    if (!envelope.ret.empty()) out += " RET=" + envelope.ret;
    if (!envelope.envid.empty()) out += " ENVID=" + envelope.envid;
    if (!envelope.xforward.empty()) out += " XFORWARD=" + envelope.xforward;
    if (envelope.side == Side::inbound) out += " inbound";
    if (envelope.eight_bit) out += " 8bit";
    if (envelope.eight_bit_header) out += " 8bit-header";
    return out;
}

class Dialogue {
public:
    explicit Dialogue(std::size_t piece)
        : piece_(piece) {}

    /// "" when the line of the script holds.
    std::string play(std::string const& line);

private:
    void start() {
        if (!session_) session_.emplace(settings_, "192.0.2.1");
        settle();
    }

    void option(std::string const& word);
    void send(std::string const& octets);
    void settle();
    std::string expect_reply(std::string const& pattern);

    std::size_t piece_;
    SmtpSessionSettings settings_{"gw.test", 100'000, false, false, "own-token"};
    bool disk_full_ = false;
    bool no_draft_ = false;
    std::optional<SmtpSession> session_;
    std::deque<std::string> replies_;
    std::string draft_;
    std::string stored_content_;
    std::string stored_envelope_;
    std::size_t stored_ = 0;
    bool closed_ = false;
};

void Dialogue::option(std::string const& word) {
    if (word == "smtputf8") settings_.smtputf8 = true;
    if (word == "dsn") settings_.dsn = true;
    if (word == "hop_unknown") settings_.hop_known = false;
    if (word == "lmtp") settings_.protocol = MailProtocol::lmtp;
    if (word == "disk_full") disk_full_ = true;
    if (word == "no_draft") no_draft_ = true;
    if (word == "disk_free") disk_full_ = no_draft_ = false;
    if (word.starts_with("message_max=")) settings_.message_max = std::stoull(word.substr(12));
}

void Dialogue::settle() {
    while (!closed_) {
        auto const act = session_->next();
        switch (act) {
            case SmtpSession::Act::open_draft:
                draft_.clear();
                session_->draft_opened(no_draft_ ? Status(fail(Fault::no_space, "full"))
                                                 : Status());
                break;
            case SmtpSession::Act::write:
                draft_ += text_of(session_->chunk());
                session_->written(disk_full_ ? Status(fail(Fault::no_space, "full")) : Status());
                break;
            case SmtpSession::Act::store:
                stored_content_ = draft_;
                stored_envelope_ = told(session_->envelope());
                session_->stored("id" + std::to_string(++stored_));
                break;
            case SmtpSession::Act::discard:
                draft_.clear();
                break;
            case SmtpSession::Act::close:
                closed_ = true;
                break;
            case SmtpSession::Act::read:
                break;
        }
        if (act == SmtpSession::Act::read) break;
    }
    std::istringstream lines(session_->take_replies());
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        replies_.push_back(line);
    }
}

void Dialogue::send(std::string const& octets) {
    for (std::size_t at = 0; at < octets.size() && !closed_; at += piece_) {
        session_->feed(bytes_of(std::string_view(octets).substr(at, piece_)));
        settle();
    }
}

std::string Dialogue::expect_reply(std::string const& pattern) {
    if (replies_.empty()) return "no reply";
    auto const reply = replies_.front();
    replies_.pop_front();
    return matches(pattern, reply) ? "" : "got: " + reply;
}

std::string Dialogue::play(std::string const& line) {
    if (line.empty() || line[0] == '#') return "";
    if (line.starts_with("OPTION ")) return option(line.substr(7)), "";
    start();
    auto const rest = line.size() > 3 ? line.substr(3) : std::string();
    if (line.starts_with("S-")) {
        return replies_.empty() ? "" : "unexpected: " + replies_.front();
    }
    if (line.starts_with("S:")) return expect_reply(rest);
    if (line.starts_with("C:")) return send(rest + "\r\n"), "";
    if (line.starts_with("R:")) return send(unescape(rest)), "";
    if (line.starts_with("C*")) {
        auto const colon = line.find(": ");
        auto const count = std::stoul(line.substr(2, colon - 2));
        auto const text = line.substr(colon + 2);
        auto const mark = text.find("%d");
        std::string all;
        for (std::size_t i = 0; i < count; ++i) {
            all += mark == std::string::npos
                       ? text
                       : text.substr(0, mark) + std::to_string(i) + text.substr(mark + 2);
            all += "\r\n";
        }
        return send(all), "";
    }
    if (line.starts_with("S*")) {
        auto const colon = line.find(": ");
        for (auto count = std::stoul(line.substr(2, colon - 2)); count > 0; --count) {
            if (auto fault = expect_reply(line.substr(colon + 2)); !fault.empty()) return fault;
        }
        return "";
    }
    if (line.starts_with("E:")) {
        session_->interrupt(rest == "idle" ? SmtpSession::Interruption::idle
                                           : SmtpSession::Interruption::shutdown);
        settle();
        return "";
    }
    if (line.starts_with("M:")) return rest == stored_envelope_ ? "" : "got: " + stored_envelope_;
    if (line.starts_with("D:")) {
        return unescape(rest) == stored_content_ ? "" : "got: " + stored_content_;
    }
    if (line.starts_with("N:")) {
        return std::stoul(rest) == stored_ ? "" : "stored " + std::to_string(stored_);
    }
    if (line.starts_with("X:")) return closed_ ? "" : "still open";
    return "not a line of a script";
}

}  // namespace

std::optional<DialogueFault> replay_dialogue(std::string const& script, std::size_t piece) {
    Dialogue dialogue(piece);
    std::istringstream lines(script);
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (auto what = dialogue.play(line); !what.empty()) {
            return DialogueFault{number, line + " -- " + what};
        }
    }
    return std::nullopt;
}

}  // namespace satchel::mailgw
