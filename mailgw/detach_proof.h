// The gateway restores what it has detached before it lets go of the original: what would not come
// back byte for byte goes in full.
#pragma once

#include <vector>

#include "mailgw/detacher.h"
#include "mailgw/message_scan.h"
#include "mailgw/restore_data.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// Of one message, for all its copies. That each part's body comes back was proven by the scan with
/// the restorer's own code; here, that the restore data that travel say exactly what it was proven
/// with, and that the content is taken from where the scan took it. Each copy then costs no more
/// than it is long. Flat memory. `message` must outlive it.
class DetachProof {
public:
    DetachProof(int message_fd, ScannedMessage const& message)
        : message_fd_(message_fd)
        , message_(message)
        , parts_(prove_parts()) {}

    /// Fault::corrupt: from this copy the original would not come back.
    Status check(int copy_fd, std::vector<Placeholder> const& placeholders) const;

private:
    using Parts = Result<std::vector<RestoreData>>;  ///< of message_.parts, in order

    Parts prove_parts() const;

    int message_fd_;
    ScannedMessage const& message_;
    Parts parts_;
};

}  // namespace satchel::mailgw
