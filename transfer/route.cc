#include "transfer/route.h"

#include "src/core/limits.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

char const* to_string(Route route) {
    switch (route) {
        case Route::inline_offer:
            return "inline";
        case Route::direct:
            return "direct";
        case Route::pull:
            return "pull";
        case Route::relay:
            return "relay";
        case Route::swarm:
            return "swarm";
    }
    return "direct";
}

namespace {

constexpr std::uint64_t unknown_uplink = 125'000'000;
constexpr double swarm_seconds_min = 3;

/// Would one after the other take so long that a swarm is through before it?
bool worth_a_swarm(RouteFacts const& facts) {
    if (facts.size < control_limits::swarm_bytes_min) return false;
    if (facts.sources > 1) return true;
    // A limit holds on loopback, too; the wire itself is not on the way there.
    bool const limited = facts.uplink > 0;
    std::size_t const over_uplink = limited ? facts.receivers : facts.receivers - facts.near;
    auto const uplink = static_cast<double>(limited ? facts.uplink : unknown_uplink);
    auto const bytes = static_cast<double>(facts.size) * static_cast<double>(over_uplink);
    return over_uplink > 1 && bytes >= swarm_seconds_min * uplink;
}

}  // namespace

Route choose_route(RouteFacts const& facts) {
    if (facts.dialable && facts.size <= limits::inline_blob_bytes) {
        return Route::inline_offer;
    }
    if (!facts.swarm_possible) return Route::direct;
    if (!facts.dialable) return Route::swarm;  // only its hole punching gets through
    return worth_a_swarm(facts) ? Route::swarm : Route::direct;
}

}  // namespace satchel::transfer
