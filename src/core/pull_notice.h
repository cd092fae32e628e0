// "Come and pull": a message for a node that cannot be dialled, left at its inbox in the DHT. Only
// that node can open it, nobody can tell who sent it. Bytes: src/core/FORMATS.md, "Pull notice".
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/core/content_id.h"
#include "src/core/endpoint.h"
#include "src/core/keys.h"
#include "src/core/offer.h"
#include "src/core/record_envelope.h"

namespace satchel {

/// Claims of a stranger until the node `sender` has confirmed them: anybody can leave a notice.
struct PullNotice {
    OfferId offer;
    ContentId content_id;
    std::uint64_t size = 0;         ///< of the blob, in bytes
    NodeKey sender;                 ///< whom to ask for the offer
    std::vector<Endpoint> control;  ///< where to ask; at most 4
    std::uint64_t expires = 0;      ///< of the offer, Unix seconds

    friend bool operator==(PullNotice const&, PullNotice const&) = default;
};

Result<Bytes> encode_pull_notice(PullNotice const& notice);
Result<PullNotice> decode_pull_notice(ByteSpan body);

/// A fresh message: sealed for `to`, signed by a key that is thrown away, with its proof of work.
/// Blocks for some milliseconds (4,096 hashes on average): for a worker's thread. Fault::too_large:
/// more endpoints than fit. Fault::usage: `to` is no key, or the notice has expired.
Result<RecordEnvelope> seal_notice(PullNotice const& notice, NodeKey const& to,
                                   std::uint64_t now_milliseconds, Randomness& randomness);

/// `record` has passed check_record. Fault::corrupt: not for this node, or not a notice.
Result<PullNotice> open_notice(RecordEnvelope const& record, SigningKey const& node);

}  // namespace satchel
