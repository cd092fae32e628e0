// Where a gateway's control port is, and whose key answers there.
#pragma once

#include <string>

#include "src/core/keys.h"

namespace satchel {

struct GatewayPlace {
    std::string host_port;  ///< as HostPort writes it
    NodeKey key;

    friend bool operator==(GatewayPlace const&, GatewayPlace const&) = default;
};

}  // namespace satchel
