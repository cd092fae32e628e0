#include "src/core/endpoint.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("endpoint: reads and writes") {
    struct Row {
        std::string written;
        std::string ip;
        int port;
        std::string text;
    };

    for (Row const& row : {
             Row{"192.0.2.1:7473", "192.0.2.1", 7473, "192.0.2.1:7473"},
             Row{"[2001:DB8:0:0::1]:7473", "2001:db8::1", 7473, "[2001:db8::1]:7473"},
             Row{"[::]:1", "::", 1, "[::]:1"},
             Row{"0.0.0.0:65535", "0.0.0.0", 65535, "0.0.0.0:65535"},
         }) {
        CAPTURE(row.written);
        auto const endpoint = Endpoint::parse(row.written);
        REQUIRE(endpoint);
        CHECK(endpoint->ip == row.ip);
        CHECK(endpoint->port == row.port);
        CHECK(endpoint->to_string() == row.text);
        CHECK(*Endpoint::parse(endpoint->to_string()) == *endpoint);
    }
}

TEST_CASE("endpoint: refuses what is none") {
    for (std::string const text : {"",
                                   ":",
                                   "192.0.2.1",
                                   "192.0.2.1:",
                                   ":7473",
                                   "192.0.2.1:65536",
                                   "192.0.2.1:-1",
                                   "192.0.2.1:+1",
                                   "192.0.2.1: 1",
                                   "192.0.2.1:1 ",
                                   "192.0.2.1:01",
                                   "192.0.2.1:0x1",
                                   "192.0.2:1",
                                   "192.0.2.256:1",
                                   "192.000.2.1:1",
                                   "2001:db8::1:7473",
                                   "[2001:db8::1]",
                                   "[2001:db8::1]7473",
                                   "[192.0.2.1]:1",
                                   "[]:1",
                                   "[fe80::1%eth0]:1",
                                   "localhost:7473",
                                   "example.net:7473",
                                   " 192.0.2.1:1",
                                   "192.0.2.1:7473:7473"}) {
        CAPTURE(text);
        auto const endpoint = Endpoint::parse(text);
        REQUIRE_FALSE(endpoint);
        CHECK(endpoint.error().fault == Fault::usage);
    }
    CHECK_FALSE(Endpoint::parse(std::string("192.0.2.1\0:1", 12)));
}

TEST_CASE("endpoint: port 0 only where one is to be picked") {
    CHECK_FALSE(Endpoint::parse("127.0.0.1:0"));
    CHECK(Endpoint::parse("127.0.0.1:0", Endpoint::ZeroPort::allow)->port == 0);
}

TEST_CASE("endpoint: where it is") {
    struct Row {
        std::string ip;
        bool loopback;
        bool unspecified;
        bool is_private;
    };

    for (Row const& row : {
             Row{"0.0.0.0", false, true, true},
             Row{"0.1.2.3", false, false, true},
             Row{"10.0.0.1", false, false, true},
             Row{"9.255.255.255", false, false, false},
             Row{"11.0.0.0", false, false, false},
             Row{"100.63.255.255", false, false, false},
             Row{"100.64.0.1", false, false, true},
             Row{"100.127.255.255", false, false, true},
             Row{"100.128.0.0", false, false, false},
             Row{"127.0.0.1", true, false, true},
             Row{"127.255.255.254", true, false, true},
             Row{"128.0.0.1", false, false, false},
             Row{"169.254.169.254", false, false, true},
             Row{"169.255.0.0", false, false, false},
             Row{"172.15.255.255", false, false, false},
             Row{"172.16.0.1", false, false, true},
             Row{"172.31.255.255", false, false, true},
             Row{"172.32.0.0", false, false, false},
             Row{"192.0.2.1", false, false, false},
             Row{"192.168.1.1", false, false, true},
             Row{"192.169.0.0", false, false, false},
             Row{"223.255.255.255", false, false, false},
             Row{"224.0.0.1", false, false, true},
             Row{"255.255.255.255", false, false, true},
             Row{"::", false, true, true},
             Row{"::1", true, false, true},
             Row{"::2", false, false, false},
             Row{"::ffff:127.0.0.1", true, false, true},
             Row{"::ffff:10.0.0.1", false, false, true},
             Row{"::ffff:0.0.0.0", false, true, true},
             Row{"::ffff:198.51.100.1", false, false, false},
             Row{"2001:db8::1", false, false, false},
             Row{"fbff::1", false, false, false},
             Row{"fc00::1", false, false, true},
             Row{"fdff::1", false, false, true},
             Row{"fe7f::1", false, false, false},
             Row{"fe80::1", false, false, true},
             Row{"febf::1", false, false, true},
             Row{"fec0::1", false, false, true},
             Row{"ff02::1", false, false, true},
         }) {
        CAPTURE(row.ip);
        Endpoint const endpoint{row.ip, 1};
        CHECK(endpoint.is_loopback() == row.loopback);
        CHECK(endpoint.is_unspecified() == row.unspecified);
        CHECK(endpoint.is_private() == row.is_private);
    }
}
