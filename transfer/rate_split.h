// How a node's rates are shared between what goes directly and what goes through the swarm's
// process, which counts for itself. Pure.
#pragma once

#include "transfer/swarm.h"
#include "transfer/traffic.h"

namespace satchel::transfer {

struct RateUse {
    bool swarm_sends = false;
    bool swarm_receives = false;
    bool direct = false;  ///< bodies are under way
};

struct RateSplit {
    SwarmRates swarm;
    TrafficLimits direct;

    friend bool operator==(RateSplit const&, RateSplit const&) = default;
};

/// Half for each where both are busy, else all for both: who does nothing takes nothing. Looked at
/// often, so that who begins while the other is busy is over the limit for a moment only.
RateSplit split_rates(TrafficLimits const& limits, RateUse const& use);

}  // namespace satchel::transfer
