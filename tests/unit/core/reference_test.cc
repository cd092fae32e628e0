#include "src/core/reference.h"

#include <doctest/doctest.h>

using namespace satchel;

namespace {

std::string const id = std::string(62, 'a') + "0f";
std::string const good = "satchel:1:" + id + ":123";

}  // namespace

TEST_CASE("reference: reads and writes") {
    for (std::string const bytes : {"0", "1", "123", "18446744073709551615"}) {
        CAPTURE(bytes);
        auto const reference = Reference::parse("satchel:1:" + id + ":" + bytes);
        REQUIRE(reference);
        CHECK(reference->content_id.to_hex() == id);
        CHECK(std::to_string(reference->blob_bytes) == bytes);
        CHECK(reference->to_string() == "satchel:1:" + id + ":" + bytes);
    }
}

TEST_CASE("reference: refuses what it did not write") {
    struct Row {
        std::string why;
        std::string text;
    };

    for (Row const& row : {
             Row{"empty", ""},
             Row{"prefix alone", "satchel:1:"},
             Row{"another version", "satchel:2:" + id + ":1"},
             Row{"upper-case scheme", "Satchel:1:" + id + ":1"},
             Row{"short id", "satchel:1:" + id.substr(1) + ":1"},
             Row{"long id", "satchel:1:a" + id + ":1"},
             Row{"upper-case id", "satchel:1:" + std::string(64, 'A') + ":1"},
             Row{"no size", "satchel:1:" + id},
             Row{"empty size", "satchel:1:" + id + ":"},
             Row{"leading zero", "satchel:1:" + id + ":01"},
             Row{"sign", "satchel:1:" + id + ":-1"},
             Row{"plus", "satchel:1:" + id + ":+1"},
             Row{"fraction", "satchel:1:" + id + ":1.0"},
             Row{"over 64 bits", "satchel:1:" + id + ":18446744073709551616"},
             Row{"text behind", good + ' '},
             Row{"text before", ' ' + good},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(Reference::parse(row.text));
    }
}

TEST_CASE("reference: found in a text") {
    struct Row {
        std::string why;
        std::string text;
        bool found;
    };

    for (Row const& row : {
             Row{"alone", good, true},
             Row{"on its line", "Attachment\r\nReference: " + good + "\r\n", true},
             Row{"quoted in a reply", "> > " + good + "\n>", true},
             Row{"at the end of a sentence", "see " + good + ".", true},
             Row{"in brackets", "<" + good + ">", true},
             Row{"behind a broken one", "satchel:1:xyz satchel:1:" + id + ": " + good, true},
             Row{"a word before", "x" + good, false},
             Row{"a word behind", good + "abc", false},
             Row{"cut", good.substr(0, good.size() - 4), false},
             Row{"nothing", "no reference here", false},
             Row{"empty", "", false},
         }) {
        CAPTURE(row.why);
        auto const found = Reference::find_in(row.text);
        REQUIRE(found.has_value() == row.found);
        if (found) CHECK(found->to_string() == good);
    }
}

TEST_CASE("reference: the first of several") {
    std::string const other = "satchel:1:" + std::string(64, 'b') + ":9";
    CHECK(Reference::find_in(other + '\n' + good)->to_string() == other);
}
