#include "mailgw/smtp_wire.h"

#include <array>

#include "mailgw/smtp_limits.h"

namespace satchel::mailgw {

Status SmtpWire::send(ByteSpan bytes, Patience patience) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    return tls_ ? tls_->send(socket_, bytes, deadline) : socket_.send(bytes, deadline);
}

Status SmtpWire::start_tls(TlsPeer const& peer, Patience patience) {
    if (!inbox_.empty()) return fail(Fault::corrupt, "next hop: text before the TLS handshake");
    auto tls = TlsStream::connect(socket_, peer, std::chrono::steady_clock::now() + patience);
    if (!tls) return fail(tls.error());
    tls_.emplace(std::move(*tls));
    return {};
}

Result<std::string> SmtpWire::read_line(HopSocket::Deadline deadline) {
    for (;;) {
        if (auto const nl = inbox_.find('\n'); nl != std::string::npos) {
            std::string line = inbox_.substr(0, nl);
            inbox_.erase(0, nl + 1);
            if (line.ends_with('\r')) line.pop_back();
            return line;
        }
        // Longer lines than RFC 5321 §4.5.3.1.5 allows are common enough.
        if (inbox_.size() > 8 * smtp_limits::reply_line_octets) {
            return fail(Fault::corrupt, "next hop: reply line too long");
        }
        std::array<Byte, 4096> buffer;
        auto const count =
            tls_ ? tls_->receive(socket_, buffer, deadline) : socket_.receive(buffer, deadline);
        if (!count) return fail(count.error());
        if (*count == 0) return fail(Fault::unavailable, "next hop closed the connection");
        inbox_ += text_of(ByteSpan(buffer).first(*count));
    }
}

Result<SmtpReply> SmtpWire::read_reply(Patience patience) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    SmtpReply reply;
    for (std::size_t lines = 0; lines < smtp_limits::reply_lines; ++lines) {
        auto line = read_line(deadline);
        if (!line) return fail(line.error());
        auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
        bool const formed = line->size() >= 3 && (*line)[0] >= '2' && (*line)[0] <= '5' &&
                            is_digit((*line)[1]) && is_digit((*line)[2]) &&
                            (line->size() == 3 || (*line)[3] == ' ' || (*line)[3] == '-');
        if (!formed) return fail(Fault::corrupt, "next hop: not an SMTP reply");
        int const code = std::stoi(line->substr(0, 3));
        if (reply.code != 0 && code != reply.code) {
            return fail(Fault::corrupt, "next hop: reply with two codes");
        }
        reply.code = code;
        for (char& c : *line)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
        reply.text += (reply.text.empty() ? "" : "\n") + *line;
        if (line->size() == 3 || (*line)[3] == ' ') return reply;
    }
    return fail(Fault::corrupt, "next hop: endless reply");
}

}  // namespace satchel::mailgw
