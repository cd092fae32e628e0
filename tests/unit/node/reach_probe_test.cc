#include "src/node/reach_probe.h"

#include <doctest/doctest.h>

#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"
#include "tests/support/seeded_randomness.h"
#include "transfer/tls_pinned.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

/// The fake DHT answers wherever it is asked, so that only the probe's own rule keeps it back.
struct Lab {
    SeededRandomness chance;
    SigningKey key = SigningKey::generate(chance);
    asio::io_context io;
    WorkerPool workers{io, 1};
    FakeClock clock;
    FakeDht dht;
    FakeLocationService location{dht, clock};
    transfer::TlsIdentity tls = *transfer::TlsIdentity::create(key);
    ReachProbe probe{{io, workers, tls, {{}, false, true}, location}};

    Result<transfer::ReachAnswer> ask(std::string const& ip, transfer::ReachRequest request) {
        transfer::Caller caller{NodeKey(key.public_key()), std::nullopt, ip};
        return await_on(io, probe.try_reach(std::move(caller), std::move(request)));
    }
};

}  // namespace

TEST_CASE("reach probe: only where the asker comes from") {
    Lab lab;
    Endpoint const own{"192.0.2.1", 7475};
    auto const answer = lab.ask("192.0.2.1", {{}, {own, {"192.0.2.2", 7475}, {"10.0.0.1", 7475}}});
    REQUIRE(answer);
    CHECK(answer->seen_ip == "192.0.2.1");
    CHECK(answer->dht == std::vector{own});
    CHECK(answer->control.empty());
}

TEST_CASE("reach probe: not often, each address for itself") {
    Lab lab;
    CHECK(lab.ask("192.0.2.1", {}));
    auto const again = lab.ask("192.0.2.1", {});
    REQUIRE_FALSE(again);
    CHECK(again.error().fault == Fault::unavailable);
    CHECK(lab.ask("192.0.2.2", {}));
}
