#include "transfer/age_header.h"

#include <doctest/doctest.h>

#include "src/core/limits.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

std::string const mac(43, 'A');
std::string const good =
    "age-encryption.org/v1\n-> X25519 abc\nAAAA\n-> grease a b\n\n--- " + mac + "\n";

}  // namespace

TEST_CASE("age header: reads its parts, and where the payload starts") {
    auto const header = parse_age_header(bytes_of(good + "payload\n--- no more header\n"));
    REQUIRE(header);
    REQUIRE(*header);
    CHECK((*header)->size == good.size());
    CHECK((*header)->mac_covers == good.size() - 45);
    REQUIRE((*header)->stanzas.size() == 2);
    CHECK((*header)->stanzas[0].type == "X25519");
    CHECK((*header)->stanzas[0].arguments == std::vector<std::string>{"abc"});
    CHECK((*header)->stanzas[0].body == Bytes{0, 0, 0});
    CHECK((*header)->stanzas[1].arguments == std::vector<std::string>{"a", "b"});
    CHECK((*header)->stanzas[1].body.empty());
}

TEST_CASE("age header: what was read is written the same") {
    for (std::size_t body : {0U, 1U, 32U, 47U, 48U, 49U, 96U, 200U}) {
        CAPTURE(body);
        std::vector<AgeStanza> const stanzas{{"type", {"one", "two"}, Bytes(body, 0x5a)},
                                             {"X25519", {}, {}}};
        auto const text = format_age_header(stanzas) + format_age_mac({});
        auto const header = parse_age_header(bytes_of(text));
        REQUIRE(header);
        REQUIRE(*header);
        CHECK(format_age_header((*header)->stanzas) + format_age_mac((*header)->mac) == text);
    }
}

TEST_CASE("age header: asks for more while the end is not in sight") {
    for (std::size_t n = 0; n < good.size(); ++n) {
        CAPTURE(n);
        auto const header = parse_age_header(bytes_of(good.substr(0, n)));
        REQUIRE(header);
        CHECK_FALSE(*header);
    }
}

TEST_CASE("age header: refuses what the grammar does not allow") {
    struct Row {
        char const* why;
        std::string text;
    };

    std::string const v1 = "age-encryption.org/v1\n";
    std::string const end = "--- " + mac + "\n";
    std::string const line(64, 'A');
    for (Row const& row : {
             Row{"not an age file", "PK\x03\x04"},
             Row{"another version", "age-encryption.org/v2\n-> X25519 abc\n\n" + end},
             Row{"version with CR", "age-encryption.org/v1\r\n-> X25519 abc\n\n" + end},
             Row{"no stanza", v1 + end},
             Row{"stanza without arguments", v1 + "-> \n\n" + end},
             Row{"stanza without blank", v1 + "->X25519\n\n" + end},
             Row{"two blanks", v1 + "-> X25519  abc\n\n" + end},
             Row{"trailing blank", v1 + "-> X25519 abc \n\n" + end},
             Row{"tab", v1 + "-> X25519\tabc\n\n" + end},
             Row{"eight-bit argument", v1 + "-> \xc3\xa8\n\n" + end},
             Row{"no body", v1 + "-> X25519 abc\n" + end},
             Row{"no short last line", v1 + "-> X25519 abc\n" + line + "\n" + end},
             Row{"line too long", v1 + "-> X25519 abc\n" + line + "AAAA\n\n" + end},
             Row{"two short lines", v1 + "-> X25519 abc\nAAAA\nAAAA\n" + end},
             Row{"padding", v1 + "-> X25519 abc\nAA==\n" + end},
             Row{"not canonical", v1 + "-> X25519 abc\nAB\n" + end},
             Row{"CR in the body", v1 + "-> X25519 abc\nAAAA\r\n" + end},
             Row{"short MAC", v1 + "-> X25519 abc\n\n--- AAAA\n"},
             Row{"MAC with CR", v1 + "-> X25519 abc\n\n--- " + mac + "\r\n"},
             Row{"MAC with blank", v1 + "-> X25519 abc\n\n---  " + mac + "\n"},
             Row{"MAC without blank", v1 + "-> X25519 abc\n\n---" + mac + "\n"},
             Row{"endless", v1 + "-> X25519 " + std::string(limits::age_header_bytes, 'a')},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(parse_age_header(bytes_of(row.text)));
    }
}
