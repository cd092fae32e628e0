#include "src/base/base64.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("base64: RFC 4648 section 10") {
    struct Row {
        std::string plain;
        std::string padded;
        std::string bare;
    };

    for (Row const& row :
         {Row{"", "", ""}, Row{"f", "Zg==", "Zg"}, Row{"fo", "Zm8=", "Zm8"},
          Row{"foo", "Zm9v", "Zm9v"}, Row{"foob", "Zm9vYg==", "Zm9vYg"},
          Row{"fooba", "Zm9vYmE=", "Zm9vYmE"}, Row{"foobar", "Zm9vYmFy", "Zm9vYmFy"}}) {
        CAPTURE(row.plain);
        CHECK(to_base64(bytes_of(row.plain)) == row.padded);
        CHECK(to_base64(bytes_of(row.plain), Padding::without) == row.bare);
        CHECK(text_of(*from_base64(row.padded)) == row.plain);
        CHECK(text_of(*from_base64(row.bare, Padding::without)) == row.plain);
    }
}

TEST_CASE("base64: all octets, all lengths to a few blocks") {
    Bytes bytes;
    for (unsigned i = 0; i < 600; ++i) {
        bytes.push_back(static_cast<Byte>(i * 7));
        CHECK(*from_base64(to_base64(bytes)) == bytes);
        CHECK(*from_base64(to_base64(bytes, Padding::without), Padding::without) == bytes);
    }
}

TEST_CASE("base64: refuses what it did not write") {
    for (std::string const text :
         {"A",    "AA",   "AAA",      "AAAAA",        "=",
          "==",   "===",  "====",     "A===",         "AA=A",
          "A=AA", "=AAA", "AA==AAAA", "AAA=====",     "AAAA====",
          "Zg= ", " Zg=", "Zm9v\n",   "Zm9v\r\n",     "Zm-v",
          "Zm_v", "Zh==", "Zm9=",     "Zg==\n\n\n\n", "\xff\xff\xff\xff"}) {
        CAPTURE(text);
        auto const bytes = from_base64(text);
        REQUIRE_FALSE(bytes);
        CHECK(bytes.error().fault == Fault::corrupt);
    }
    for (std::string const text : {"A", "AAAAA", "Zg==", "Zm8=", "Zh", "Zm9", "A\nAA"}) {
        CAPTURE(text);
        CHECK_FALSE(from_base64(text, Padding::without));
    }
    CHECK_FALSE(from_base64(std::string_view("AA\0A", 4)));
}
