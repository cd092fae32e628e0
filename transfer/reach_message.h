// Bodies of `POST /v1/reach`: a node asks another whether it can be dialled from there, and where
// it seems to be. Bytes: transfer/PROTOCOL.md.
#pragma once

#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::transfer {

/// Where the caller believes that it can be reached. At most limits::endpoints_per_list each.
struct ReachRequest {
    std::vector<Endpoint> control;
    std::vector<Endpoint> dht;
    std::vector<Endpoint> swarm{};  ///< may be missing
};

struct ReachAnswer {
    std::string seen_ip;            ///< where the request came from
    std::vector<Endpoint> control;  ///< those that answered with the caller's node key
    std::vector<Endpoint> dht;      ///< those that answered as DHT nodes
    std::vector<Endpoint> swarm{};  ///< those that take TCP connections
};

Bytes encode_reach_request(ReachRequest const& request);
Result<ReachRequest> decode_reach_request(ByteSpan body);

Bytes encode_reach_answer(ReachAnswer const& answer);
Result<ReachAnswer> decode_reach_answer(ByteSpan body);

}  // namespace satchel::transfer
