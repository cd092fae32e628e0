#include "src/core/accept_policy.h"

#include <string>

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("accept_policy: words both ways") {
    for (std::string const word : {"anyone", "attested", "contacts"}) {
        auto const from = parse_accept_from(word);
        REQUIRE(from);
        CHECK(to_string(*from) == word);
    }
    CHECK(*parse_accept_from("contacts") == AcceptFrom::contacts);
}

TEST_CASE("accept_policy: refuses other words, and says which there are") {
    for (std::string const word : {"", "Anyone", "nobody", "anyone "}) {
        CAPTURE(word);
        auto const from = parse_accept_from(word);
        REQUIRE_FALSE(from);
        CHECK(from.error().fault == Fault::usage);
        CHECK(from.error().what.find("anyone, attested, contacts") != std::string::npos);
    }
}
