// The gateway restores what it has detached before it lets go of the original: what would not come
// back byte for byte goes in full.
#pragma once

#include <atomic>
#include <future>
#include <vector>

#include "mailgw/detacher.h"
#include "mailgw/message_scan.h"
#include "mailgw/restore_data.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// Of one message, for all its copies. The parts are rebuilt once, by the restorer's own code:
/// decoded from the message, encoded again, compared by the digests that were taken in the scan;
/// that goes on in a thread of its own from the start, while the attachments are on their way.
/// Each copy then costs no more than it is long. Flat memory. `message` must outlive it.
class DetachProof {
public:
    DetachProof(int message_fd, ScannedMessage const& message)
        : message_fd_(message_fd)
        , message_(message)
        , parts_(std::async([this] { return prove_parts(); }).share()) {}

    DetachProof(DetachProof const&) = delete;
    DetachProof& operator=(DetachProof const&) = delete;

    /// Nobody waits for parts that are not needed any more.
    ~DetachProof() { abandoned_ = true; }

    /// Waits for the parts. Fault::corrupt: from this copy the original would not come back.
    Status check(int copy_fd, std::vector<Placeholder> const& placeholders);

private:
    using Parts = Result<std::vector<RestoreData>>;  ///< of message_.parts, in order

    Parts prove_parts() const;
    Result<RestoreData> prove_part(DetachablePart const& part) const;

    int message_fd_;
    ScannedMessage const& message_;
    std::atomic<bool> abandoned_ = false;
    std::shared_future<Parts> parts_;  ///< last: its thread reads the others
};

}  // namespace satchel::mailgw
