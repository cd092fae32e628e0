// The client's end of an SMTP connection: lines out, replies in, in clear text or through TLS,
// every wait bounded and ended by a StopSignal. No idea of what is said.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mailgw/hop_socket.h"
#include "mailgw/tls_stream.h"
#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

struct SmtpReply {
    int code = 0;      ///< 200…599
    std::string text;  ///< code and text; lines joined by "\n"

    bool positive() const { return code / 100 == 2; }

    bool permanent() const { return code / 100 == 5; }
};

class SmtpWire {
public:
    using Patience = std::chrono::milliseconds;

    explicit SmtpWire(HopSocket socket)
        : socket_(std::move(socket)) {}

    Status send(ByteSpan bytes, Patience patience);

    Status send(std::string_view text, Patience patience) { return send(bytes_of(text), patience); }

    /// Fault::corrupt for what is no reply (RFC 5321 §4.2), and Fault::unavailable at the end.
    Result<SmtpReply> read_reply(Patience patience);

    /// From here on all goes through TLS. Fault::corrupt where more had come in clear text than was
    /// read: it could pass for a reply of the protected conversation (CVE-2011-0411).
    Status start_tls(TlsPeer const& peer, Patience patience);

private:
    Result<std::string> read_line(HopSocket::Deadline deadline);

    HopSocket socket_;
    std::optional<TlsStream> tls_;
    std::string inbox_;
};

}  // namespace satchel::mailgw
