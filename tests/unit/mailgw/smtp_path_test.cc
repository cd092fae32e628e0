#include "mailgw/smtp_path.h"

#include <doctest/doctest.h>

#include "mailgw/xforward.h"

using namespace satchel;
using namespace satchel::mailgw;

TEST_CASE("smtp_path: reads every form of RFC 5321") {
    struct Row {
        std::string why;
        std::string text, mailbox;
        std::size_t used;
    };

    for (Row const& row : {
             Row{"null", "<> BODY=7BIT", "", 2},
             Row{"plain", "<bob@b.test>", "bob@b.test", 12},
             Row{"parameters follow", "<bob@b.test> X", "bob@b.test", 12},
             Row{"quoted", "<\"a b@c\\\"d\"@b.test>", "\"a b@c\\\"d\"@b.test", 19},
             Row{"quoted bracket", "<\"a>b\"@b.test>", "\"a>b\"@b.test", 14},
             Row{"literal", "<bob@[192.0.2.1]>", "bob@[192.0.2.1]", 17},
             Row{"another literal", "<bob@[x400:a-1]>", "bob@[x400:a-1]", 16},
             Row{"IPv6 literal", "<bob@[IPv6:2001:db8::1]>", "bob@[IPv6:2001:db8::1]", 24},
             Row{"source route", "<@a.test,@c.test:bob@b.test>", "bob@b.test", 28},
             Row{"dots anywhere", "<.a..b.@b.test>", ".a..b.@b.test", 15},
             Row{"no domain", "<postmaster>", "postmaster", 12},
             Row{"UTF-8", "<b\xc3\xb6@b\xc3\xbc.test>", "b\xc3\xb6@b\xc3\xbc.test", 14},
             Row{"tag", "<a+b=c@b.test>", "a+b=c@b.test", 14},
         }) {
        CAPTURE(row.why);
        auto const path = parse_smtp_path(row.text);
        REQUIRE(path);
        CHECK(path->mailbox == row.mailbox);
        CHECK(path->used == row.used);
    }
}

TEST_CASE("smtp_path: refuses what is no path") {
    for (std::string const& text : {std::string(),
                                    std::string("bob@b.test"),
                                    std::string("<bob@b.test"),
                                    std::string("<@b.test>"),
                                    std::string("<bob@>"),
                                    std::string("<bob@.test>"),
                                    std::string("<bob@b..test>"),
                                    std::string("<bob@b.test.>"),
                                    std::string("<bo b@b.test>"),
                                    std::string("<\"bob@b.test>"),
                                    std::string("<\"bob\"x@b.test>"),
                                    std::string("<bob@[1.2.3.4>"),
                                    std::string("<bob@[]>"),
                                    std::string("<bob@[1.2.3]>"),
                                    std::string("<bob@[999.1.1.1]>"),
                                    std::string("<bob@[IPv6:2001:db8::g]>"),
                                    std::string("<bob@[IPv6:]>"),
                                    std::string("<bob@[x:]>"),
                                    std::string("<bob@b@c>"),
                                    std::string("<@a.test bob@b.test>"),
                                    std::string("<@a.test:>"),
                                    std::string("<b\xff@b.test>"),
                                    std::string("<b\xc0\xaf@b.test>"),
                                    std::string("<\"a\nb\"@b.test>"),
                                    std::string("<\"a\\"),
                                    "<" + std::string(300, 'a') + "@b.test>",
                                    "<a@" + std::string(300, 'b') + ">"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_smtp_path(text));
    }
}

TEST_CASE("smtp_path: xtext") {
    CHECK(is_xtext("rfc822"));
    CHECK(is_xtext("a+2Bb"));
    for (char const* text : {"a+2bb", "a+", "a+2", "a=b", "a b", "\xc3\xb6"}) {
        CAPTURE(text);
        CHECK_FALSE(is_xtext(text));
    }
    CHECK(decode_xtext("a+2Bb+3D") == "a+b=");
    CHECK(decode_xtext("a+2") == "a+2");
}

TEST_CASE("xforward: merges, replaces, refuses") {
    std::string known;
    CHECK(merge_xforward("name=host.test ADDR=192.0.2.9", known));
    CHECK(merge_xforward("ADDR=192.0.2.10 HELO=[UNAVAILABLE]", known));
    CHECK(known == "ADDR=192.0.2.10 HELO=[UNAVAILABLE] NAME=host.test");
    CHECK(xforward_value(known, "ADDR") == "192.0.2.10");
    CHECK(xforward_value(known, "HELO") == "");
    CHECK(xforward_value(known, "PORT") == "");
    for (char const* bad : {"FOO=1", "NAME", "NAME=a=b", "NAME=a+zz"}) {
        CAPTURE(bad);
        CHECK_FALSE(merge_xforward(bad, known));
        CHECK(known == "ADDR=192.0.2.10 HELO=[UNAVAILABLE] NAME=host.test");
    }
}
