// Body of `GET /v1/line`: what a gateway tells a node that cannot be dialled, over the request that
// the node holds open. Bytes: transfer/PROTOCOL.md.
#pragma once

#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/pull_notice.h"
#include "transfer/relay_message.h"

namespace satchel::transfer {

/// Orders to come for something, or to meet somebody who has come to the gateway; none: the gateway
/// only asks whether the node is there. It shows by holding the line again.
struct LineAnswer {
    std::vector<PullNotice> orders{};    ///< at most control_limits::line_orders
    std::vector<RelayToken> meetings{};  ///< likewise
};

Result<Bytes> encode_line_answer(LineAnswer const& answer);
Result<LineAnswer> decode_line_answer(ByteSpan body);

}  // namespace satchel::transfer
