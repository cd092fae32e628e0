#include "tests/support/fake_location_service.h"

#include "tests/contract/location_service_contract.h"
#include "tests/support/fake_clock.h"

using namespace satchel;
using namespace satchel::testing;

TEST_CASE("fake location service: keeps the contract") {
    asio::io_context io;
    FakeClock const clock;
    FakeDht dht;
    FakeLocationService here(dht, clock);
    FakeLocationService there(dht, clock);
    LocationPair const pair{io, here, there, clock.unix_seconds()};
    SUBCASE("put and fetch") {
        location_service_contract(pair);
    }
    SUBCASE("collect") {
        collect_contract(pair);
    }
    SUBCASE("watch") {
        watch_contract(pair);
    }
}
