#include "mailgw/base64_shape.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

std::optional<ShapedRange> detect(std::string const& text) {
    UniqueFd const file = testing::memory_file("before" + text + "after");
    return detect_base64_shape(file.get(), 6, 6 + text.size()).value();
}

}  // namespace

TEST_CASE("base64_shape: shapes") {
    struct Row {
        std::string why;
        std::string text;
        Base64Shape shape;
    };

    std::string const long_line(200'000, 'A');
    for (Row const& row : {
             Row{"lines of 8, CRLF", "YWJjZGVm\r\nZ2g=", {8, "", "", true}},
             Row{"lines of 8, LF", "YWJjZGVm\nZ2g=", {8, "", "", false}},
             Row{"lines of 5", "YWJjZ\r\nGVmZ2\r\ng=", {5, "", "", true}},
             Row{"one character per line", "Y\r\nW\r\nJ\r\nj", {1, "", "", true}},
             Row{"one line", "YWJjZGVmZ2g=", {0, "", "", true}},
             Row{"one very long line", long_line, {0, "", "", true}},
             Row{"two very long lines", long_line + "\n" + long_line, {200'000, "", "", false}},
             Row{"trailing line end", "YWJj\r\n", {0, "", "\r\n", true}},
             Row{"trailing blanks",
                 "YWJj\r\nZGVm\r\n\r\n \t\r\n",
                 {4, "", "\r\n\r\n \t\r\n", true}},
             Row{"lead", "\r\n\r\n YWJj\r\nZGVm", {4, "\r\n\r\n ", "", true}},
             Row{"full last line", "YWJj\r\nZGVm", {4, "", "", true}},
         }) {
        CAPTURE(row.why);
        auto const range = detect(row.text);
        REQUIRE(range);
        CHECK(range->shape == row.shape);
    }
}

TEST_CASE("base64_shape: no shape") {
    CHECK_FALSE(detect(""));
    CHECK_FALSE(detect("\r\n\r\n"));
    CHECK_FALSE(detect(std::string(lead_octets_max + 1, ' ') + "YWJj"));
    CHECK_FALSE(detect("YWJj" + std::string(lead_octets_max + 1, '\n')));
    CHECK(detect(std::string(lead_octets_max, ' ') + "YWJj"));
}
