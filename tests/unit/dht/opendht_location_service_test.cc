#include "dht/opendht_location_service.h"

#include <unistd.h>

#include "src/base/sodium_randomness.h"
#include "tests/contract/location_service_contract.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/dht/loopback_network.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

TEST_CASE("opendht: keeps the contract") {
    LoopbackNetwork network(2);
    location_service_contract(
        {network.io, network.at(0), network.at(1), network.clock.unix_seconds()});
}
