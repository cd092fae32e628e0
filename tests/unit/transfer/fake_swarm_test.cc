#include "tests/support/fake_swarm.h"

#include <doctest/doctest.h>

#include "tests/contract/swarm_contract.h"

using namespace satchel;

TEST_CASE("fake swarm: keeps the contract") {
    testing::FakeSwarmHub hub;
    testing::check_swarm_contract([&hub](asio::io_context& io, std::string const& ip) {
        return std::make_unique<testing::FakeSwarm>(io, hub, Endpoint{ip, 7474});
    });
}
