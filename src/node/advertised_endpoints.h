// Where others can reach what listens here: what the settings say, else the addresses of the
// interfaces, and the one that DHT neighbours see.
#pragma once

#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/core/endpoint.h"

namespace satchel::node {

/// At most four. `advertise` wins; a socket on one address is reached there; one on all addresses
/// at each interface's, loopback alone where there is no other. Fault::config for an `advertise`
/// that is neither address nor endpoint.
Result<std::vector<Endpoint>> advertised_endpoints(Endpoint const& listening,
                                                   std::vector<std::string> const& advertise);

/// The same, and behind them the address that DHT neighbours report (the one that most say comes
/// first), where the choice is ours and it is a public one that no interface has.
Result<std::vector<Endpoint>> advertised_endpoints(Endpoint const& listening,
                                                   std::vector<std::string> const& advertise,
                                                   std::vector<std::string> const& seen_ips);

/// Where the swarm can be reached, of a node that can be reached at `control`.
std::vector<Endpoint> swarm_endpoints_of(std::vector<Endpoint> const& control,
                                         Endpoint const& listening);

}  // namespace satchel::node
