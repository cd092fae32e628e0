// Where a gateway's control port is, and whose key answers there.
#pragma once

#include <string>
#include <string_view>

#include "src/core/keys.h"

namespace satchel {

struct GatewayPlace {
    std::string host_port;  ///< "host:port": a name or an IP address, IPv6 in brackets
    NodeKey key;

    friend bool operator==(GatewayPlace const&, GatewayPlace const&) = default;
};

/// "host:port" with a port from 1 to 65535, and nothing in the host that no host has.
bool is_host_port(std::string_view text);

}  // namespace satchel
