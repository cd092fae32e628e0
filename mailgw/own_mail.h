// The messages that the gateway writes itself: the repair of an escrow that nobody fetched
// (DESIGN.md section 2), and the notice to a sender whose message could not be delivered (RFC
// 3464).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "mailgw/envelope.h"
#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// What makes a message ours and new.
struct OwnMailFacts {
    std::string helo;           ///< our name
    std::array<Byte, 16> id{};  ///< random: of the Message-ID, and of the boundary
    std::uint64_t time = 0;     ///< Unix seconds
};

/// Writes the mail that brings `recipient` the original in full: enclosed byte for byte as
/// message/rfc822. `original_fd` is CR LF text; `out_fd` is written from where it stands. Flat
/// memory.
Status write_repair_mail(OwnMailFacts const& facts, Envelope const& envelope,
                         std::string const& recipient, int original_fd, int out_fd);

/// Stands before the last reply where patience ended.
inline constexpr std::string_view given_up = "given up: ";

struct FailedRecipient {
    EnvelopeRecipient recipient;
    std::string reply;  ///< the last words about it, of the next hop or ours
};

/// Writes a delivery status notification to the envelope's sender (RFC 3464; addresses that are not
/// ASCII as in RFC 6533). It returns the original's header, or all of it where RET=FULL was asked
/// for.
Status write_failure_notice(OwnMailFacts const& facts, Envelope const& envelope,
                            std::uint64_t received, std::vector<FailedRecipient> const& failed,
                            int original_fd, int out_fd);

/// Whether such a notice has octets above 0x7f: of what it returns, or of addresses.
bool notice_has_eight_bit(Envelope const& envelope, std::vector<FailedRecipient> const& failed);

/// Whether the sender wants to hear of a failure (RFC 3461 §4.1), and can.
bool wants_failure_notice(Envelope const& envelope, EnvelopeRecipient const& recipient);

}  // namespace satchel::mailgw
