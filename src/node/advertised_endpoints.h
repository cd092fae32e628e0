// Where others can reach what listens here: what the settings say, else the addresses of the
// interfaces.
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

}  // namespace satchel::node
