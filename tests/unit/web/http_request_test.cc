#include "src/web/http_request.h"

#include <doctest/doctest.h>

namespace satchel::web {

namespace {

std::string head(std::string const& first, std::string const& fields = "") {
    return first + "\r\nHost: 127.0.0.1:7480\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("http_request: what a browser sends is understood") {
    auto const request = parse_http_request(
        head("POST /api/x%20y?words=a+b%C3%A9&from=7&words=second&flag HTTP/1.1",
             "Origin: http://127.0.0.1:7480\r\nCookie: a=1; satchel-7480=abc ; b=2\r\n"
             "x-satchel-key: k\r\nContent-Type: application/json; charset=utf-8\r\n"
             "Content-Length: 12\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"));
    REQUIRE(request);
    CHECK(request->method == transfer::Method::post);
    CHECK(request->path == "/api/x y");
    CHECK(request->query_text("words") == "a b\xc3\xa9");
    CHECK(request->query_text("flag").empty());
    CHECK(request->query_number("from", 1) == 7);
    CHECK(request->query_number("words", 1) == 1);
    CHECK(request->query_number("count", 100) == 100);
    CHECK(request->host == "127.0.0.1:7480");
    CHECK(request->key == "k");
    CHECK(request->content_type == "application/json");
    CHECK(request->content_length == 12);
    CHECK_FALSE(request->keep_alive);
    CHECK(request->cookie_named("satchel-7480") == "abc ");
    CHECK(request->cookie_named("satchel-748").empty());
    CHECK(request->cookie_named("b") == "2");
}

TEST_CASE("http_request: what another reader could take otherwise is refused") {
    for (std::string const& wrong :
         {std::string("GET / HTTP/1.1\r\n\r\n"), head("GET / HTTP/1.0"), head("GET x HTTP/1.1"),
          head("GET http://127.0.0.1/ HTTP/1.1"), head("GET /%0 HTTP/1.1"),
          head("GET /%00 HTTP/1.1"), head("GET /?a=%g0 HTTP/1.1"), head("GET /#a HTTP/1.1"),
          head("GET / HTTP/1.1", "Host: evil.test\r\n"),
          head("GET / HTTP/1.1", "Cookie: a\r\nCookie: b\r\n"),
          head("GET / HTTP/1.1", "X-Satchel-Key: a\r\nX-Satchel-Key: b\r\n"),
          head("GET / HTTP/1.1", "Origin: a\r\nOrigin: b\r\n"),
          head("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n"),
          head("POST / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 1\r\n"),
          head("POST / HTTP/1.1", "Content-Length: 0x1\r\n"), head("GET / HTTP/1.1") + "GET",
          std::string("\0\0", 2), std::string()}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_http_request(wrong));
    }
}

TEST_CASE("http_request: names in headers hold no character that means something there") {
    CHECK(percent_encoded("a b\"\r\n;\xc3\xa9.txt") == "a%20b%22%0d%0a%3b%c3%a9.txt");
    CHECK(percent_decoded("a%20b%22", false) == "a b\"");
    CHECK(percent_decoded("a+b", false) == "a+b");
}

}  // namespace satchel::web
