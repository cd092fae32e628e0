// What the resolver needs of the control protocol: does this node answer? src/node fulfils it.
#pragma once

#include <vector>

#include "src/base/asio.h"
#include "src/base/result.h"
#include "src/core/endpoint.h"
#include "src/core/gateway_place.h"
#include "src/core/keys.h"

namespace satchel::location {

class Pinger {
public:
    virtual ~Pinger() = default;

    /// Success: the node with this key answered at one of the endpoints, and says that it is
    /// available. The error tells why not, in words for `lookup`.
    virtual asio::awaitable<Status> ping(NodeKey node, std::vector<Endpoint> endpoints) = 0;

    /// The same for a node that publishes no endpoint and holds a line to its gateway, which
    /// answers for it.
    virtual asio::awaitable<Status> ping_line(NodeKey node, GatewayPlace gateway) = 0;
};

}  // namespace satchel::location
