#include "src/core/address.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("address: normal form") {
    struct Row {
        std::string why;
        std::string written;
        std::string normal;
        std::string local;
        std::string domain;
    };

    for (Row const& row : {
             Row{"plain", "bob@b.test", "bob@b.test", "bob", "b.test"},
             Row{"case", "Bob.Smith@B.Test", "bob.smith@b.test", "bob.smith", "b.test"},
             Row{"needless quotes", "\"Bob\"@b.test", "bob@b.test", "bob", "b.test"},
             Row{"needless pairs", "\"b\\ob\"@b.test", "bob@b.test", "bob", "b.test"},
             Row{"needful quotes", "\"Bob Smith\"@b.test", "\"bob smith\"@b.test", "bob smith",
                 "b.test"},
             Row{"quoted at", "\"a@b\"@b.test", "\"a@b\"@b.test", "a@b", "b.test"},
             Row{"quote and backslash", "\"a\\\"\\\\\"@b.test", "\"a\\\"\\\\\"@b.test", "a\"\\",
                 "b.test"},
             Row{"empty local part", "\"\"@b.test", "\"\"@b.test", "", "b.test"},
             Row{"dots at odd places", ".a..b.@b.test", "\".a..b.\"@b.test", ".a..b.", "b.test"},
             Row{"odd dots quoted", "\".a\"@b.test", "\".a\"@b.test", ".a", "b.test"},
             Row{"all specials", "!#$%&'*+-/=?^_`{|}~@b.test", "!#$%&'*+-/=?^_`{|}~@b.test",
                 "!#$%&'*+-/=?^_`{|}~", "b.test"},
             Row{"UTF-8 kept", "Jos\u00c9@b.test", "jos\u00c9@b.test", "jos\u00c9", "b.test"},
             Row{"decomposed kept", "e\u0301@b.test", "e\u0301@b.test", "e\u0301", "b.test"},
             Row{"U-label", "bob@B\u00fccher.example", "bob@xn--bcher-kva.example", "bob",
                 "xn--bcher-kva.example"},
             Row{"capital U-label", "bob@B\u00dcCHER.example", "bob@xn--bcher-kva.example", "bob",
                 "xn--bcher-kva.example"},
             Row{"A-label", "bob@XN--Bcher-KVA.example", "bob@xn--bcher-kva.example", "bob",
                 "xn--bcher-kva.example"},
             Row{"sharp s stays (IDNA 2008)", "bob@stra\u00dfe.example",
                 "bob@xn--strae-oqa.example", "bob", "xn--strae-oqa.example"},
             Row{"ideographic full stop", "bob@b\u3002test", "bob@b.test", "bob", "b.test"},
             Row{"root dot", "bob@b.test.", "bob@b.test", "bob", "b.test"},
             Row{"one label", "root@localhost", "root@localhost", "root", "localhost"},
             Row{"underscore", "bob@b_1.test", "bob@b_1.test", "bob", "b_1.test"},
             Row{"IPv4 literal", "bob@[192.0.2.1]", "bob@[192.0.2.1]", "bob", "[192.0.2.1]"},
             Row{"IPv6 literal", "bob@[ipv6:2001:DB8:0::1]", "bob@[IPv6:2001:db8::1]", "bob",
                 "[IPv6:2001:db8::1]"},
         }) {
        CAPTURE(row.why);
        auto const address = Address::parse(row.written);
        REQUIRE(address);
        CHECK(address->text() == row.normal);
        CHECK(address->local() == row.local);
        CHECK(address->domain() == row.domain);
        auto const again = Address::parse(address->text());
        REQUIRE(again);
        CHECK(*again == *address);
    }
}

TEST_CASE("address: refuses what is none") {
    struct Row {
        std::string why;
        std::string text;
    };

    std::string const label(63, 'a');
    std::string const long_domain = label + '.' + label + '.' + label + '.' + label;
    for (Row const& row : {
             Row{"empty", ""},
             Row{"no domain", "bob"},
             Row{"empty domain", "bob@"},
             Row{"no local part", "@b.test"},
             Row{"two ats", "a@b@b.test"},
             Row{"blank", "b ob@b.test"},
             Row{"angle brackets", "<bob@b.test>"},
             Row{"comma", "a,b@b.test"},
             Row{"open quote", "\"bob@b.test"},
             Row{"pair at the end", "\"bob\\"},
             Row{"quote in the middle", "b\"o\"b@b.test"},
             Row{"text after the quote", "\"bob\"x@b.test"},
             Row{"nothing after the quote", "\"bob\""},
             Row{"line feed", "bob@b.test\n"},
             Row{"line feed in quotes", "\"a\nb\"@b.test"},
             Row{"zero", std::string("bob@b.test\0x", 12)},
             Row{"DEL", "\"a\x7f\"@b.test"},
             Row{"C1 control", "a\u0085@b.test"},
             Row{"broken UTF-8", "a\xc3@b.test"},
             Row{"overlong UTF-8", "a\xc0\xaf@b.test"},
             Row{"empty label", "bob@b..test"},
             Row{"leading dot", "bob@.test"},
             Row{"only a dot", "bob@."},
             Row{"leading hyphen", "bob@-b.test"},
             Row{"trailing hyphen", "bob@b-.test"},
             Row{"blank in the domain", "bob@b test"},
             Row{"slash in the domain", "bob@b/../test"},
             Row{"maps to a slash", "bob@\u2100.test"},
             Row{"label too long", "bob@" + std::string(64, 'a') + ".test"},
             Row{"domain too long", "bob@" + long_domain},
             Row{"local part too long", std::string(65, 'a') + "@b.test"},
             Row{"over 254 octets", std::string(64, 'a') + '@' + label + '.' + label + '.' + label},
             Row{"far too long", "bob@" + std::string(100'000, 'a')},
             Row{"U-label IDNA refuses", "bob@a\u200b\u2044.test"},
             Row{"A-label that decodes to nothing", "bob@xn--a-ecp99999999.test"},
             Row{"A-label of plain ASCII", "bob@xn--abc-.test"},
             Row{"empty literal", "bob@[]"},
             Row{"open literal", "bob@[192.0.2.1"},
             Row{"bad IPv4", "bob@[192.0.2.256]"},
             Row{"IPv6 without tag", "bob@[2001:db8::1]"},
             Row{"text after the literal", "bob@[192.0.2.1]x"},
             Row{"general literal", "bob@[x400:abc]"},
         }) {
        CAPTURE(row.why);
        auto const address = Address::parse(row.text);
        REQUIRE_FALSE(address);
        CHECK(address.error().fault == Fault::usage);
    }
}

TEST_CASE("address: the longest that fits") {
    std::string const label(63, 'a');
    std::string const domain = label + '.' + label + '.' + std::string(61, 'b');
    auto const address = Address::parse(std::string(64, 'l') + '@' + domain);
    REQUIRE(address);
    CHECK(address->text().size() == 254);
    CHECK_FALSE(Address::parse(std::string(64, 'l') + '@' + domain + 'b'));
}

TEST_CASE("address: literals have no storage") {
    CHECK(Address::parse("bob@[192.0.2.1]")->is_literal());
    CHECK_FALSE(Address::parse("bob@b.test")->is_literal());
}

TEST_CASE("address: without its subaddress") {
    struct Row {
        std::string written;
        std::string without;  ///< "" for none
    };

    for (Row const& row : {Row{"bob+mail@b.test", "bob@b.test"}, Row{"bob+@b.test", "bob@b.test"},
                           Row{"bob+a+b@b.test", "bob@b.test"},
                           Row{"\"bob smith+x\"@b.test", "\"bob smith\"@b.test"},
                           Row{"\"bob+x y\"@b.test", "bob@b.test"}, Row{"bob@b.test", ""},
                           Row{"+bob@b.test", ""}, Row{"bob@b.test", ""}}) {
        CAPTURE(row.written);
        auto const without = Address::parse(row.written)->without_subaddress();
        CHECK((without ? without->text() : "") == row.without);
    }
}

TEST_CASE("address: equal and ordered by text") {
    auto const a = Address::parse("\"A\"@B.test");
    auto const b = Address::parse("a@b.test");
    auto const c = Address::parse("b@b.test");
    CHECK(*a == *b);
    CHECK(*a < *c);
}

TEST_CASE("normal_domain: for configuration") {
    CHECK(*normal_domain("B\u00fccher.Example") == "xn--bcher-kva.example");
    CHECK_FALSE(normal_domain(""));
    CHECK_FALSE(normal_domain("[192.0.2.1]"));
    CHECK_FALSE(normal_domain("../etc"));
}
