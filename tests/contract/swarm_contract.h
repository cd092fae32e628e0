// What every Swarm promises, as one suite for the fake and the real ones.
#pragma once

#include <functional>
#include <memory>

#include "src/base/asio.h"
#include "transfer/swarm.h"

namespace satchel::testing {

/// Makes a swarm that will listen at this IP address, of 127.0.0.0/8, on the thread that runs `io`.
using MakeSwarm =
    std::function<std::unique_ptr<transfer::Swarm>(asio::io_context& io, std::string const& ip)>;

/// Runs inside a doctest test case.
void check_swarm_contract(MakeSwarm const& make);

}  // namespace satchel::testing
