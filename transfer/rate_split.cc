#include "transfer/rate_split.h"

#include <algorithm>
#include <utility>

namespace satchel::transfer {

namespace {

/// First the swarm's part, then the direct one.
std::pair<std::uint64_t, std::uint64_t> split(std::uint64_t limit, bool swarm, bool direct) {
    if (limit == 0) return {0, 0};  // as fast as they can
    if (!swarm || !direct) return {limit, limit};
    std::uint64_t const half = std::max<std::uint64_t>(limit / 2, 1);
    return {half, std::max<std::uint64_t>(limit - half, 1)};
}

}  // namespace

RateSplit split_rates(TrafficLimits const& limits, RateUse const& use) {
    auto const up = split(limits.upload, use.swarm_sends, use.direct);
    auto const down = split(limits.download, use.swarm_receives, use.direct);
    return {{up.first, down.first}, {up.second, down.second}};
}

}  // namespace satchel::transfer
