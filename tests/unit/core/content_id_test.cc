#include "src/core/content_id.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("content_id: reads what it wrote") {
    std::string const text = "00ff" + std::string(56, 'a') + "1234";
    auto const id = ContentId::parse(text);
    REQUIRE(id);
    CHECK(id->to_hex() == text);
    CHECK(id->short_form() == "00ffaaaaaa");
    CHECK(id->bytes[1] == 0xff);
}

TEST_CASE("content_id: refuses what it did not write") {
    struct Row {
        char const* why;
        std::string text;
    };

    std::string const good(64, 'a');
    for (Row const& row :
         {Row{"empty", ""}, Row{"short", good.substr(1)}, Row{"two short", good.substr(2)},
          Row{"long", good + "aa"}, Row{"upper case", std::string(64, 'A')},
          Row{"foreign", std::string(63, 'a') + "g"}, Row{"space before", " " + good.substr(1)},
          Row{"line end", good.substr(1) + "\n"}}) {
        CAPTURE(row.why);
        auto const id = ContentId::parse(row.text);
        REQUIRE_FALSE(id);
        CHECK(id.error().fault == Fault::usage);
    }
}
