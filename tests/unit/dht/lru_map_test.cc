#include "dht/lru_map.h"

#include <string>

#include <doctest/doctest.h>

using namespace satchel::location;

TEST_CASE("lru map: forgets what was not looked at for longest") {
    LruMap<int, std::string> map(2);
    map.put(1, "one");
    map.put(2, "two");
    REQUIRE(map.find(1));
    map.put(3, "three");
    CHECK(map.size() == 2);
    CHECK(map.find(2) == nullptr);
    REQUIRE(map.find(1));
    CHECK(*map.find(1) == "one");
    map.put(1, "uno");
    CHECK(map.size() == 2);
    CHECK(*map.find(1) == "uno");
    CHECK(*map.find(3) == "three");
}
