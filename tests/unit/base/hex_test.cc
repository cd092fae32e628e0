#include "src/base/hex.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("hex: writes lower case and reads it back") {
    Bytes const bytes{0x00, 0x7f, 0xab, 0xff};
    CHECK(to_hex(bytes) == "007fabff");
    auto const back = from_hex("007fabff");
    REQUIRE(back);
    CHECK(*back == bytes);
}

TEST_CASE("hex: refuses what it did not write") {
    for (char const* text : {"0", "0g", "AB", " 0", "0x"}) {
        CAPTURE(text);
        CHECK_FALSE(from_hex(text));
    }
}
