#include "src/core/utf8.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("utf8: knows characters from octets that are none") {
    struct Row {
        char const* why;
        std::string text;
        bool good;
    };

    for (Row const& row : {
             Row{"empty", "", true},
             Row{"ASCII", "abc", true},
             Row{"two octets, lowest", "\xc2\x80", true},
             Row{"three octets, highest before surrogates", "\xed\x9f\xbf", true},
             Row{"four octets, highest", "\xf4\x8f\xbf\xbf", true},
             Row{"overlong slash", "\xc0\xaf", false},
             Row{"overlong of three", "\xe0\x9f\xbf", false},
             Row{"overlong of four", "\xf0\x8f\xbf\xbf", false},
             Row{"surrogate", "\xed\xa0\x80", false},
             Row{"above U+10FFFF", "\xf4\x90\x80\x80", false},
             Row{"lead F5", "\xf5\x80\x80\x80", false},
             Row{"lone continuation", "\x80", false},
             Row{"cut", "a\xe2\x82", false},
             Row{"ASCII within", "\xe2\x82z", false},
             Row{"Latin-1", "caf\xe9", false},
         }) {
        CAPTURE(row.why);
        CHECK(is_utf8(row.text) == row.good);
        CHECK(is_utf8(to_utf8(row.text)));
        CHECK((to_utf8(row.text) == row.text) == row.good);
    }
    CHECK(to_utf8("caf\xe9!") == "caf\xef\xbf\xbd!");
}

TEST_CASE("utf8: a prefix cuts no character") {
    CHECK(utf8_prefix("a\xe2\x82\xac", 4) == "a\xe2\x82\xac");
    CHECK(utf8_prefix("a\xe2\x82\xac", 3) == "a");
    CHECK(utf8_prefix("a\xe2\x82\xac", 0).empty());
}
