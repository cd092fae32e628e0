// The gateway restores what it has detached before it lets go of the original: what would not come
// back byte for byte goes in full.
#pragma once

#include <vector>

#include "mailgw/detacher.h"
#include "mailgw/message_scan.h"
#include "mailgw/restore_data.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// Of one message, for all its copies. The parts are rebuilt once, by the restorer's own code:
/// decoded from the message, encoded again, compared by the digests that were taken in the scan.
/// Each copy then costs no more than it is long. Flat memory. `message` must outlive it.
class DetachProof {
public:
    DetachProof(int message_fd, ScannedMessage const& message)
        : message_fd_(message_fd)
        , message_(message) {}

    /// Fault::corrupt: from this copy the original would not come back.
    Status check(int copy_fd, std::vector<Placeholder> const& placeholders);

private:
    Status prove_parts();
    Status prove_part(DetachablePart const& part);

    int message_fd_;
    ScannedMessage const& message_;
    std::vector<RestoreData> proven_;  ///< of message_.parts, in order
};

}  // namespace satchel::mailgw
