#include "mailgw/header_fields.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;
using namespace satchel::testing;

TEST_CASE("header_fields: unfolded, in order, whatever stands between") {
    auto const file = memory_file(
        "Subject: a\r\n  folded\r\n\tline\r\nno field\r\n folded nothing\r\n: nameless\r\n"
        "SUBJECT: second\r\nEmpty:\r\n\r\nBody: no\r\n");
    auto const fields = read_header_fields(file.get()).value();
    REQUIRE(fields.size() == 3);
    CHECK(fields[0].name == "Subject");
    CHECK(fields[0].value == "a folded line");
    CHECK(fields[1].value == "second");
    CHECK(first_value(fields, "subject") == "a folded line");
    CHECK(first_value(fields, "empty") == "");
    CHECK(first_value(fields, "body") == "");
}

TEST_CASE("header_fields: bounded, and at ease with what is no mail") {
    CHECK(read_header_fields(memory_file("").get())->empty());
    CHECK(read_header_fields(memory_file("\r\n").get())->empty());
    CHECK(read_header_fields(memory_file("A: no end").get())->front().value == "no end");
    std::string endless;
    while (endless.size() < 3 * header_octets_max)
        endless += "X: y\r\n";
    auto const fields = read_header_fields(memory_file(endless).get()).value();
    CHECK(fields.size() <= header_octets_max / 6 + 1);
    auto const one = read_header_fields(memory_file("X: " + endless).get()).value();
    CHECK_FALSE(one.empty());
}
