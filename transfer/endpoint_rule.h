// Which endpoints we dial: a stranger's record or offer must not send us into our own network
// (DESIGN: section 5, admission). Pure.
#pragma once

#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::transfer {

/// A network that one of our interfaces stands in.
struct Subnet {
    std::string ip;            ///< any address within it
    unsigned prefix_bits = 0;  ///< 0 to 32 or 128

    friend bool operator==(Subnet const&, Subnet const&) = default;
};

struct EndpointRule {
    std::vector<Subnet> own_subnets;   ///< without loopback
    bool listens_on_loopback = false;  ///< our own control port is open there
    bool allow_private = false;        ///< `allow_private_endpoints`
};

/// Fault::refused, with the reason, for what must not be dialled. Public unicast addresses are
/// always fine; unspecified, multicast and broadcast ones and port 0 never are.
Status may_dial(Endpoint const& endpoint, EndpointRule const& rule);

/// Whom an IP address stands for where callers are counted: itself, but for IPv6 the first 64 bits,
/// as what follows them is the caller's own choice.
std::string caller_of(std::string const& ip);

/// The subnets of this machine's interfaces that are up, without loopback.
Result<std::vector<Subnet>> own_subnets();

}  // namespace satchel::transfer
