#include "transfer/route.h"

#include <string>

#include <doctest/doctest.h>

#include "src/core/limits.h"

using namespace satchel;
using namespace satchel::transfer;

TEST_CASE("route: by size, receivers, sources and reachability") {
    constexpr std::uint64_t edge = limits::inline_blob_bytes;
    constexpr std::uint64_t large = 100 * 1024 * 1024;
    constexpr std::uint64_t home = 5'000'000;  // bytes a second

    struct Row {
        char const* why;
        RouteFacts facts;
        Route route;
    };

    for (Row const& row : {
             Row{"small", {.size = 1'000}, Route::inline_offer},
             Row{"at the edge", {.size = edge}, Route::inline_offer},
             Row{"over the edge", {.size = edge + 1}, Route::direct},
             Row{"one receiver", {.size = large, .swarm_possible = true}, Route::direct},
             Row{"several, no swarm", {.size = large, .receivers = 8}, Route::direct},
             Row{"several share",
                 {.size = large, .receivers = 2, .swarm_possible = true, .uplink = home},
                 Route::swarm},
             Row{"several, and soon done",
                 {.size = 7'000'000, .receivers = 2, .swarm_possible = true, .uplink = home},
                 Route::direct},
             Row{"several, and not so soon done",
                 {.size = 7'500'000, .receivers = 2, .swarm_possible = true, .uplink = home},
                 Route::swarm},
             Row{"an uplink nobody has told of",
                 {.size = large, .receivers = 3, .swarm_possible = true},
                 Route::direct},
             Row{"much for any uplink",
                 {.size = large, .receivers = 4, .swarm_possible = true},
                 Route::swarm},
             Row{"much, and all of them on this machine",
                 {.size = large, .receivers = 8, .near = 8, .swarm_possible = true},
                 Route::direct},
             Row{"much for those who are not on this machine",
                 {.size = large, .receivers = 8, .near = 4, .swarm_possible = true},
                 Route::swarm},
             Row{"all of them on this machine, behind a limit",
                 {.size = large, .receivers = 8, .near = 8, .swarm_possible = true, .uplink = home},
                 Route::swarm},
             Row{"several sources",
                 {.size = large, .sources = 2, .swarm_possible = true},
                 Route::swarm},
             Row{"small for a swarm",
                 {.size = edge + 1, .receivers = 8, .swarm_possible = true, .uplink = 1'000},
                 Route::direct},
             Row{"small stays inline for all",
                 {.size = edge, .receivers = 8, .swarm_possible = true},
                 Route::inline_offer},
             Row{"only hole punching gets through",
                 {.size = 1'000, .dialable = false, .swarm_possible = true},
                 Route::swarm},
             Row{"nothing gets through", {.size = 1'000, .dialable = false}, Route::direct},
         }) {
        CAPTURE(row.why);
        CHECK(choose_route(row.facts) == row.route);
    }
    CHECK(std::string(to_string(Route::inline_offer)) == "inline");
    CHECK(std::string(to_string(Route::direct)) == "direct");
    CHECK(std::string(to_string(Route::swarm)) == "swarm");
}
