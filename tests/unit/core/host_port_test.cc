#include "src/core/host_port.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("host_port: names and addresses, in one form") {
    struct Row {
        char const* text;
        char const* host;
        std::uint16_t port;
        char const* back;
    };

    for (Row const& row : {Row{"mx.b.test:7473", "mx.b.test", 7473, "mx.b.test:7473"},
                           Row{"MX.B.Test:1", "mx.b.test", 1, "mx.b.test:1"},
                           Row{"localhost:65535", "localhost", 65535, "localhost:65535"},
                           Row{"192.0.2.1:80", "192.0.2.1", 80, "192.0.2.1:80"},
                           Row{"[2001:DB8::1]:80", "2001:db8::1", 80, "[2001:db8::1]:80"},
                           Row{"bücher.test:7", "xn--bcher-kva.test", 7, "xn--bcher-kva.test:7"}}) {
        CAPTURE(row.text);
        auto const at = HostPort::parse(row.text);
        REQUIRE(at);
        CHECK(at->host == row.host);
        CHECK(at->port == row.port);
        CHECK(at->to_string() == row.back);
        CHECK(*HostPort::parse(at->to_string()) == *at);
    }
}

TEST_CASE("host_port: refuses what is not one") {
    for (std::string const& text : {std::string(""),
                                    std::string(":80"),
                                    std::string("b.test"),
                                    std::string("b.test:"),
                                    std::string("b.test:0"),
                                    std::string("b.test:65536"),
                                    std::string("b.test:007"),
                                    std::string("b.test:+7"),
                                    std::string("b.test:7 "),
                                    std::string(" b.test:7"),
                                    std::string("b test:7"),
                                    std::string("b.test/x:7"),
                                    std::string("a@b.test:7"),
                                    std::string("2001:db8::1:80"),
                                    std::string("[2001:db8::1]"),
                                    std::string("[b.test]:7"),
                                    std::string("1.2.3:7"),
                                    std::string("256.1.1.1:7"),
                                    std::string("192.0.2.1:0"),
                                    std::string("b..test:7"),
                                    std::string("-b.test:7"),
                                    std::string("b.test,c.test:7"),
                                    std::string("b.test;x:7"),
                                    std::string(300, 'a') + ".test:7"}) {
        CAPTURE(text);
        CHECK(HostPort::parse(text).error().fault == Fault::usage);
    }
}
