#include "transfer/incoming_offers.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::transfer;

namespace {

Offer offer_of(Byte sender, Byte number, std::size_t label_bytes) {
    Offer offer;
    offer.sender_node.bytes[0] = sender;
    offer.id.bytes[0] = number;
    offer.content_id.bytes[0] = number;
    offer.label.resize(label_bytes);
    offer.expires = 1'000;
    return offer;
}

}  // namespace

TEST_CASE("incoming offers: the oldest gives way where all carry too much") {
    IncomingOffers offers({.total = 100, .per_node = 100, .bytes = 100, .bytes_per_node = 60});
    auto const known = [&offers](Byte sender, Byte number) {
        Offer const asked = offer_of(sender, number, 0);
        return offers.find(asked.sender_node, asked.id) != nullptr;
    };
    REQUIRE(offers.add(offer_of(1, 1, 30), ""));
    REQUIRE(offers.add(offer_of(2, 2, 30), ""));
    REQUIRE(offers.add(offer_of(1, 3, 30), ""));
    CHECK(offers.size() == 3);
    SUBCASE("of one node") {
        REQUIRE(offers.add(offer_of(1, 4, 10), ""));
        CHECK_FALSE(known(1, 1));
        CHECK(known(2, 2));
        CHECK(known(1, 3));
    }
    SUBCASE("of all") {
        REQUIRE(offers.add(offer_of(3, 4, 50), ""));
        CHECK_FALSE(known(1, 1));
        CHECK_FALSE(known(2, 2));
        CHECK(known(1, 3));
        CHECK(known(3, 4));
    }
    SUBCASE("the same offer again costs nothing more") {
        REQUIRE(offers.add(offer_of(1, 3, 30), ""));
        CHECK(offers.size() == 3);
    }
}
