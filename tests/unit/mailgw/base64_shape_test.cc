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

/// Feeds the shaped range in pieces.
bool comes_back(std::string const& text, std::size_t step, Bytes* content = nullptr) {
    auto const range = detect(text);
    REQUIRE(range);
    std::string_view const core =
        std::string_view(text).substr(static_cast<std::size_t>(range->begin - 6),
                                      static_cast<std::size_t>(range->end - range->begin));
    Base64RoundTrip trip(range->shape);
    for (std::size_t i = 0; i < core.size(); i += step) {
        ByteSpan const piece = trip.feed(bytes_of(core.substr(i, step)));
        if (content != nullptr) append(*content, piece);
    }
    return trip.finish();
}

}  // namespace

TEST_CASE("base64_shape: shapes that come back") {
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
        for (std::size_t step : {std::size_t{1}, std::size_t{7}, row.text.size()})
            CHECK(comes_back(row.text, step));
    }
}

TEST_CASE("base64_shape: gives the content") {
    Bytes content;
    CHECK(comes_back("\r\nYWJjZ\r\nGVmZ2\r\ng=\r\n", 4, &content));
    CHECK(text_of(content) == "abcdefgh");
}

TEST_CASE("base64_shape: what would not come back the same") {
    struct Row {
        std::string why;
        std::string text;
    };

    for (Row const& row : {
             Row{"uneven lines", "YWJj\r\nZG\r\nVm"},
             Row{"line longer than the first", "YW\r\nJjZG"},
             Row{"blank line inside", "YWJj\r\n\r\nZGVm"},
             Row{"mixed ends of line", "YWJj\r\nZGVm\nZ2g="},
             Row{"line break in another place, same length", "YWJj\r\nZGVmZ2\r\nhp"},
             Row{"LF before CR", "YWJj\r\nZGVm\n\rZ2hp"},
             Row{"space inside", "YWJj ZGVm"},
             Row{"foreign character", "YWJj\r\nZG-m"},
             Row{"wrong padding", "YWJj\r\nZGV"},
             Row{"bits that are lost", "YWJj\r\nZGX="},
             Row{"text after padding", "YQ==\r\nYQ=="},
             Row{"very much white space inside", "YWJj" + std::string(100'000, '\n') + "ZGVm"},
         }) {
        CAPTURE(row.why);
        for (std::size_t step : {std::size_t{1}, std::size_t{7}, row.text.size()})
            CHECK_FALSE(comes_back(row.text, step));
    }
}

TEST_CASE("base64_shape: no shape") {
    CHECK_FALSE(detect(""));
    CHECK_FALSE(detect("\r\n\r\n"));
    CHECK_FALSE(detect(std::string(lead_octets_max + 1, ' ') + "YWJj"));
    CHECK_FALSE(detect("YWJj" + std::string(lead_octets_max + 1, '\n')));
    CHECK(detect(std::string(lead_octets_max, ' ') + "YWJj"));
}
