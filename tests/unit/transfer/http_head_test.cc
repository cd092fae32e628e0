#include "transfer/http_head.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::transfer;

namespace {

std::string request(std::string const& fields) {
    return "PUT /v1/blobs/x HTTP/1.1\r\nHost: satchel\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("http_head: a request comes back as it was written") {
    RequestLine line;
    line.method = Method::put;
    line.target = "/v1/blobs/abc";
    line.content_length = 10;
    line.content_range = ContentRange{{5, 14}, 20};
    line.range = ByteRange{1, 2};
    line.device = "key signature";
    line.masked = true;
    auto const head = parse_request_head(write_request_head(line));
    REQUIRE(head);
    CHECK(head->method == Method::put);
    CHECK(head->target == "/v1/blobs/abc");
    CHECK(head->content_length == 10);
    CHECK(head->range == "bytes=1-2");
    CHECK(*parse_content_range(head->content_range) == *line.content_range);
    CHECK(head->device == "key signature");
    CHECK(head->masked);
    CHECK(head->keep_alive);
}

TEST_CASE("http_head: an answer comes back as it was written") {
    AnswerLine line;
    line.status = 206;
    line.content_length = 7;
    line.content_range = ContentRange{{0, 6}, 9};
    line.keep_alive = false;
    line.masked = true;
    auto const head = parse_answer_head(write_answer_head(line));
    REQUIRE(head);
    CHECK(head->status == 206);
    CHECK(head->masked);
    CHECK(head->content_length == 7);
    CHECK(*parse_content_range(head->content_range) == *line.content_range);
    CHECK_FALSE(head->keep_alive);
}

TEST_CASE("http_head: a body is inside TLS unless it is said to be beside it") {
    for (char const* const field : {"", "Satchel-Body: other\r\n", "Satchel-Body: Masked\r\n",
                                    "Satchel-Body: masked, or not\r\n"}) {
        CAPTURE(field);
        CHECK_FALSE(parse_request_head(request(field))->masked);
    }
    CHECK(parse_request_head(request("satchel-body:  masked \r\n"))->masked);
}

TEST_CASE("http_head: finds the end, however the bytes come") {
    std::string const head = request("Content-Length: 3\r\n");
    std::string const stream = head + "abc";
    for (std::size_t seen = 0; seen < head.size(); ++seen) {
        CHECK(head_length(std::string_view(stream).substr(0, seen), 0) == 0);
        CHECK(head_length(stream, seen) == head.size());
    }
}

TEST_CASE("http_head: refuses what could be understood in two ways") {
    struct Row {
        char const* why;
        std::string head;
    };

    for (Row const& row : {
             Row{"nothing", ""},
             Row{"not HTTP", "hello\r\n\r\n"},
             Row{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"},
             Row{"HTTP/2", "PRI * HTTP/2.0\r\n\r\n"},
             Row{"not whole", "GET / HTTP/1.1\r\nHost: x\r\n"},
             Row{"more than a head", request("") + "x"},
             Row{"chunked", request("Transfer-Encoding: chunked\r\n")},
             Row{"chunked and long",
                 request("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
             Row{"a second Host", request("Host: y\r\n")},
             Row{"two lengths", request("Content-Length: 3\r\nContent-Length: 4\r\n")},
             Row{"two equal lengths", request("Content-Length: 3\r\nContent-Length: 3\r\n")},
             Row{"a list of lengths", request("Content-Length: 3, 3\r\n")},
             Row{"a signed length", request("Content-Length: +3\r\n")},
             Row{"a negative length", request("Content-Length: -3\r\n")},
             Row{"a length beyond 64 bits", request("Content-Length: 18446744073709551616\r\n")},
             Row{"bare LF", "GET / HTTP/1.1\nHost: x\n\n"},
             Row{"a blank before the colon", request("Content-Length : 3\r\n")},
             Row{"a NUL", request(std::string("X-A: \0\r\n", 8))},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(parse_request_head(row.head));
    }
    CHECK(parse_request_head(request("Content-Length: 18446744073709551615\r\n")));
}

TEST_CASE("http_head: an answer must say how long it is") {
    CHECK(parse_answer_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    CHECK_FALSE(parse_answer_head("HTTP/1.1 200 OK\r\n\r\n"));
    CHECK_FALSE(parse_answer_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    CHECK_FALSE(parse_answer_head("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"));
}

TEST_CASE("http_head: ranges") {
    struct Row {
        char const* value;
        std::uint64_t total;
        std::optional<ByteRange> range;
    };

    for (Row const& row : {
             Row{"bytes=0-0", 10, ByteRange{0, 0}},
             Row{"bytes=2-5", 10, ByteRange{2, 5}},
             Row{"bytes=2-", 10, ByteRange{2, 9}},
             Row{"bytes=-3", 10, ByteRange{7, 9}},
             Row{"bytes=-30", 10, ByteRange{0, 9}},
             Row{"bytes=2-50", 10, ByteRange{2, 9}},
             Row{"bytes=9-9", 10, ByteRange{9, 9}},
             Row{"bytes=10-", 10, std::nullopt},
             Row{"bytes=10-12", 10, std::nullopt},
             Row{"bytes=-0", 10, std::nullopt},
             Row{"bytes=5-2", 10, std::nullopt},
             Row{"bytes=-", 10, std::nullopt},
             Row{"bytes=", 10, std::nullopt},
             Row{"bytes=a-b", 10, std::nullopt},
             Row{"bytes=1-2,4-5", 10, std::nullopt},
             Row{"lines=1-2", 10, std::nullopt},
             Row{"bytes=18446744073709551616-", 10, std::nullopt},
             Row{"bytes=0-", 0, std::nullopt},
             Row{"bytes=-1", 0, std::nullopt},
         }) {
        CAPTURE(row.value);
        auto const range = parse_range(row.value, row.total);
        CHECK(range.has_value() == row.range.has_value());
        if (range && row.range) CHECK(*range == *row.range);
    }
    for (char const* value : {"bytes 5-4/10", "bytes 0-10/10", "bytes */10", "bytes 0-9/*",
                              "bytes 0-9", "bytes=0-9/10", "bytes 0/9-10", "", "bytes -/"}) {
        CAPTURE(value);
        CHECK_FALSE(parse_content_range(value));
    }
}

TEST_CASE("http_head: several ranges, in order and apart") {
    ContentRange range{{5, 14}, 500};
    for (std::uint64_t i = 1; i < 128; ++i)
        range.more.push_back({20 * i, 20 * i + 9});
    range.total = 100'000;
    CHECK(range.bytes() == 1'280);
    RequestLine line;
    line.target = "/v1/blobs/abc";
    line.content_range = range;
    std::string const head = write_request_head(line);
    CHECK(*parse_content_range(parse_request_head(head)->content_range) == range);
    range.more.push_back({50'000, 50'001});
    line.content_range = range;
    auto const one_more = parse_request_head(write_request_head(line));
    CHECK_FALSE(parse_content_range(one_more->content_range));
    // The largest fits.
    range.more.pop_back();
    range.total = ~std::uint64_t{0};
    for (std::size_t i = 0; i < range.more.size(); ++i)
        range.more[i] = {range.total - 1'000 + 4 * i, range.total - 998 + 4 * i};
    line.content_range = range;
    CHECK(*parse_content_range(parse_request_head(write_request_head(line))->content_range) ==
          range);
    for (char const* value :
         {"bytes 0-3,3-5/10", "bytes 0-3,4-5/10", "bytes 5-6,0-1/10", "bytes 0-3,5-10/10",
          "bytes 0-3,/10", "bytes ,5-6/10", "bytes 0-3,5/10", "bytes 0-3/10,5-6/10",
          "bytes 0-3, 5-6/10", "bytes 0-3,5-6"}) {
        CAPTURE(value);
        CHECK_FALSE(parse_content_range(value));
    }
}
