#include "transfer/endpoint_rule.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::transfer;

TEST_CASE("endpoint_rule: dials only where a stranger may send us") {
    EndpointRule const plain;
    EndpointRule at_home;
    at_home.own_subnets = {{"192.168.7.20", 24}, {"fd00:1::5", 64}, {"10.1.2.3", 31}};
    EndpointRule on_loopback;
    on_loopback.listens_on_loopback = true;
    EndpointRule all;
    all.allow_private = true;

    struct Row {
        char const* why;
        EndpointRule const& rule;
        char const* ip;
        bool allowed;
    };

    for (Row const& row : {
             Row{"public", plain, "198.51.100.7", true},
             Row{"public IPv6", plain, "2001:db8::1", true},
             Row{"loopback", plain, "127.0.0.1", false},
             Row{"all of 127/8", plain, "127.9.9.9", false},
             Row{"loopback IPv6", plain, "::1", false},
             Row{"loopback in disguise", plain, "::ffff:127.0.0.1", false},
             Row{"loopback where we listen there", on_loopback, "127.0.0.1", true},
             Row{"loopback IPv6 where we listen", on_loopback, "::1", true},
             Row{"private is not loopback", on_loopback, "10.0.0.1", false},
             Row{"private", plain, "10.0.0.1", false},
             Row{"private", plain, "172.31.255.255", false},
             Row{"just beside private", plain, "172.32.0.0", true},
             Row{"private in disguise", plain, "::ffff:192.168.1.1", false},
             Row{"link-local", plain, "169.254.169.254", false},
             Row{"carrier's", plain, "100.64.0.1", false},
             Row{"unique local", plain, "fd00::1", false},
             Row{"link-local IPv6", plain, "fe80::1", false},
             Row{"own subnet", at_home, "192.168.7.99", true},
             Row{"own subnet in disguise", at_home, "::ffff:192.168.7.99", true},
             Row{"the subnet beside", at_home, "192.168.8.99", false},
             Row{"own IPv6 subnet", at_home, "fd00:1::77", true},
             Row{"another IPv6 subnet", at_home, "fd00:2::77", false},
             Row{"odd prefix, within", at_home, "10.1.2.2", true},
             Row{"odd prefix, outside", at_home, "10.1.2.4", false},
             Row{"own subnets say nothing of loopback", at_home, "127.0.0.1", false},
             Row{"private behind a translator", plain, "64:ff9b::10.0.0.1", false},
             Row{"loopback behind a translator", plain, "64:ff9b::127.0.0.1", false},
             Row{"public behind a translator", plain, "64:ff9b::198.51.100.7", true},
             Row{"a translator of the house's own", plain, "64:ff9b:1::198.51.100.7", false},
             Row{"6to4 of a private one", plain, "2002:c0a8:0101::1", false},
             Row{"6to4 of a public one", plain, "2002:c633:6407::1", true},
             Row{"loopback, the oldest way", plain, "::127.0.0.1", false},
             Row{"private allowed by hand", all, "10.0.0.1", true},
             Row{"loopback allowed by hand", all, "127.0.0.1", true},
             Row{"never: unspecified", all, "0.0.0.0", false},
             Row{"never: unspecified IPv6", all, "::", false},
             Row{"never: multicast", all, "224.0.0.1", false},
             Row{"never: multicast IPv6", all, "ff02::1", false},
             Row{"never: broadcast", all, "255.255.255.255", false},
             Row{"never: a name", all, "localhost", false},
         }) {
        CAPTURE(row.why);
        CAPTURE(row.ip);
        auto const status = may_dial({row.ip, 7473}, row.rule);
        CHECK(status.has_value() == row.allowed);
        if (!status) CHECK(status.error().fault == Fault::refused);
    }
    CHECK_FALSE(may_dial({"198.51.100.7", 0}, all));
}

TEST_CASE("endpoint_rule: a caller with a whole network of addresses is one caller") {
    CHECK(caller_of("198.51.100.7") == "198.51.100.7");
    CHECK(caller_of("2001:db8:1:2::3") == caller_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    CHECK(caller_of("2001:db8:1:2::3") != caller_of("2001:db8:1:3::3"));
    CHECK(caller_of("::ffff:198.51.100.7") != caller_of("::ffff:198.51.100.8"));
    CHECK(caller_of("nonsense") == "nonsense");
}

TEST_CASE("endpoint_rule: own subnets are without loopback") {
    auto const subnets = own_subnets();
    REQUIRE(subnets);
    for (Subnet const& subnet : *subnets) {
        CAPTURE(subnet.ip);
        CHECK_FALSE(subnet.ip.starts_with("127."));
        CHECK(subnet.prefix_bits <= 128);
    }
}
