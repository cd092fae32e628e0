#include "mailgw/body_round_trip.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

/// Feeds the shaped range in pieces. What it was proven with must then give the text, too.
bool comes_back(std::string const& text, std::size_t step, Bytes* content = nullptr) {
    UniqueFd const file = testing::memory_file(text);
    auto const range = detect_base64_shape(file.get(), 0, text.size()).value();
    REQUIRE(range);
    auto const begin = static_cast<std::size_t>(range->begin);
    auto const core =
        std::string_view(text).substr(begin, static_cast<std::size_t>(range->end) - begin);
    auto unknown_trailer = range->shape;
    unknown_trailer.trailer = "none";
    BodyRoundTrip trip(unknown_trailer);
    Bytes read;
    for (std::size_t i = 0; i < core.size(); i += step)
        append(read, trip.feed(bytes_of(core.substr(i, step))));
    if (!trip.finish(range->shape.trailer)) return false;
    std::string written;
    OctetSink const sink = [&written](ByteSpan body) {
        written += text_of(body);
        return Status();
    };
    CHECK(trip.restore().content_bytes == read.size());
    CHECK(trip.restore().body_bytes == text.size());
    BodyRebuilder rebuilder(trip.restore(), sink);
    REQUIRE(rebuilder.write(read));
    REQUIRE(rebuilder.finish());
    CHECK(written == text);
    if (content != nullptr) *content = read;
    return true;
}

}  // namespace

TEST_CASE("body_round_trip: bodies that come back") {
    struct Row {
        std::string why;
        std::string text;
    };

    std::string const long_line(200'000, 'A');
    for (Row const& row : {
             Row{
                 "lines of 8, CRLF",
                 "YWJjZGVm\r\nZ2g=",
             },
             Row{
                 "lines of 8, LF",
                 "YWJjZGVm\nZ2g=",
             },
             Row{
                 "lines of 5",
                 "YWJjZ\r\nGVmZ2\r\ng=",
             },
             Row{
                 "one character per line",
                 "Y\r\nW\r\nJ\r\nj",
             },
             Row{
                 "one line",
                 "YWJjZGVmZ2g=",
             },
             Row{
                 "one very long line",
                 long_line,
             },
             Row{
                 "two very long lines",
                 long_line + "\n" + long_line,
             },
             Row{
                 "trailing line end",
                 "YWJj\r\n",
             },
             Row{
                 "trailing blanks",
                 "YWJj\r\nZGVm\r\n\r\n \t\r\n",
             },
             Row{
                 "lead",
                 "\r\n\r\n YWJj\r\nZGVm",
             },
             Row{
                 "full last line",
                 "YWJj\r\nZGVm",
             },
         }) {
        CAPTURE(row.why);
        for (std::size_t step : {std::size_t{1}, std::size_t{7}, row.text.size()})
            CHECK(comes_back(row.text, step));
    }
}

TEST_CASE("body_round_trip: gives the content") {
    Bytes content;
    CHECK(comes_back("\r\nYWJjZ\r\nGVmZ2\r\ng=\r\n", 4, &content));
    CHECK(text_of(content) == "abcdefgh");
}

TEST_CASE("body_round_trip: what would not come back the same") {
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
