// Reads a message in place and tells which of its parts may be detached. GMime interprets, byte
// ranges are checked: what would not come back byte for byte is not offered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mailgw/attachment_depot.h"
#include "mailgw/envelope.h"
#include "mailgw/restore_data.h"
#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/file_label.h"

namespace satchel::mailgw {

struct DetachPolicy {
    std::uint64_t detach_min = 64 * 1024;         ///< bytes, decoded
    std::vector<std::string> never_detach_types;  ///< "image/png" or "image/*", lower case
    Side side = Side::outbound;                   ///< on which the gateway took the message
};

/// A part that may be detached. Offsets are in bytes from the start of the message file.
struct DetachablePart {
    std::uint64_t begin = 0;  ///< first byte of the part's header block
    std::uint64_t body_begin = 0;
    std::uint64_t end = 0;  ///< one past the body; the EOL before the boundary is not in it
    AttachmentSource::Decoding decoding = AttachmentSource::Decoding::identity;
    std::uint64_t source_begin = 0;  ///< the range to hand to AttachmentDepot
    std::uint64_t source_end = 0;
    FileLabel label;  ///< deflate_text: size and digest are of the text before it is deflated
    Bytes restore;    ///< encoded restore data (mailgw/FORMATS.md)
    /// The same as values: with these the restorer's own code gave the body back in the scan.
    RestoreData proven;
};

struct KeptPart {
    std::string type;
    std::string reason;
};

struct ScannedMessage {
    std::string message_id;  ///< without angle brackets
    std::string subject;     ///< decoded
    std::string from;        ///< normal form of the first From address, "" if none parses
    std::vector<std::string> header_recipients;  ///< normal form, To and Cc
    std::vector<DetachablePart> parts;
    unsigned layer = 1;  ///< of this gateway's placeholders: one above those that are there already
    /// Attachments that stay, with the reason. Where the whole message must stay: one entry, its
    /// type.
    std::vector<KeptPart> kept;
};

struct EarlyDigest;

/// Never fails for what the message says: a message that can't be understood has no detachable
/// parts, and a reason. Fails only when the file can't be read. Memory stays flat in the size of
/// the message. Any thread. `early`, if not null, is of the same file, and spares reading it again.
Result<ScannedMessage> scan_message(int fd, DetachPolicy const& policy,
                                    EarlyDigest const* early = nullptr);

}  // namespace satchel::mailgw
