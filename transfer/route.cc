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

Route choose_route(RouteFacts const& facts) {
    if (facts.dialable && facts.size <= limits::inline_blob_bytes) {
        return Route::inline_offer;
    }
    if (!facts.swarm_possible) return Route::direct;
    if (!facts.dialable) return Route::swarm;  // only its hole punching gets through
    bool const shared = facts.receivers > 1 || facts.sources > 1;
    return shared && facts.size >= control_limits::swarm_bytes_min ? Route::swarm : Route::direct;
}

}  // namespace satchel::transfer
