// Looks at the header section of a message as it streams by: counts Received lines and finds our
// own loop line (RFC 5321 §6.3).
#pragma once

#include <cstddef>
#include <string>

#include "mailgw/envelope.h"
#include "src/base/bytes.h"

namespace satchel::mailgw {

/// The field that marks a message as seen by a gateway; its value is a token per gateway and role.
inline constexpr char const* loop_field = "X-Satchel-Loop";

/// Tokens are per role: a message may pass this host's other gateways, and this one on its way out
/// and in again. `spool` is the spool's own token.
std::string loop_token(Side side, std::string const& spool);

class HeaderWatch {
public:
    explicit HeaderWatch(std::string loop_token);

    /// The next octets of the message, with CR LF line ends.
    void look(ByteSpan text);

    std::size_t received_lines() const { return received_; }

    bool own_loop_line() const { return looped_; }

    bool eight_bit_header() const { return eight_bit_header_; }

    bool eight_bit() const { return eight_bit_; }

private:
    void end_line();

    std::string token_;
    std::string line_;  ///< the start of the line, as far as it matters
    bool in_header_ = true;
    std::size_t received_ = 0;
    bool looped_ = false;
    bool eight_bit_header_ = false;
    bool eight_bit_ = false;
};

}  // namespace satchel::mailgw
