#include "src/core/lookup_report.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("lookup_report: trust both ways, in order") {
    Trust before = Trust::none;
    for (std::string const word : {"none", "first-seen", "domain", "pinned"}) {
        CAPTURE(word);
        auto const trust = parse_trust(word);
        REQUIRE(trust);
        CHECK(to_string(*trust) == word);
        CHECK(*trust >= before);
        before = *trust;
    }
    CHECK(before == Trust::pinned);
}

TEST_CASE("lookup_report: refuses other words for trust") {
    for (std::string const word : {"", "Domain", "first_seen", "full"}) {
        CAPTURE(word);
        auto const trust = parse_trust(word);
        REQUIRE_FALSE(trust);
        CHECK(trust.error().fault == Fault::usage);
    }
}
