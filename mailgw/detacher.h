// Puts placeholders where parts stood; every other byte of the message stays as it came.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "mailgw/message_scan.h"
#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/content_id.h"

namespace satchel::mailgw {

/// What stands in place of one part, for one recipient.
struct Placeholder {
    ContentId content_id;
    std::uint64_t blob_bytes = 0;
    Bytes grant;                     ///< age header
    Bytes sealed_restore;            ///< age file
    std::array<Byte, 16> part_id{};  ///< random
    std::string sender;              ///< verified sender of the offer, "" if none
    std::string page;                ///< https base, "" leaves the line out
};

/// Header block and body, CRLF, as DESIGN.md section 6 writes them. `layer` as in ScannedMessage.
std::string placeholder_text(DetachablePart const& part, Placeholder const& placeholder,
                             unsigned layer = 1);

/// Copies the message from `in_fd` to `out_fd` with parts[i] replaced by placeholders[i].
Status write_detached(int in_fd, ScannedMessage const& message,
                      std::vector<Placeholder> const& placeholders, int out_fd);

}  // namespace satchel::mailgw
