#include "transfer/rate_split.h"

#include <doctest/doctest.h>

using namespace satchel::transfer;

TEST_CASE("rate split: whole for who is busy alone, half each where both are") {
    TrafficLimits const limits{1'001, 500};
    auto const alone = split_rates(limits, {.swarm_sends = true, .swarm_receives = true});
    CHECK(alone.swarm == SwarmRates{1'001, 500});
    auto const both =
        split_rates(limits, {.swarm_sends = true, .swarm_receives = false, .direct = true});
    CHECK(both.swarm == SwarmRates{500, 500});
    CHECK(both.direct == TrafficLimits{501, 500});
    CHECK(split_rates(limits, {.direct = true}).direct == limits);
}

TEST_CASE("rate split: no limit stays none, and a limit never becomes one") {
    RateUse const all{true, true, true};
    CHECK(split_rates({0, 0}, all) == RateSplit{});
    auto const tiny = split_rates({1, 1}, all);
    CHECK(tiny.swarm == SwarmRates{1, 1});
    CHECK(tiny.direct == TrafficLimits{1, 1});
}
