#include "src/core/recipient_groups.h"

#include <doctest/doctest.h>

using namespace satchel;

namespace {

std::string joined(std::vector<Address> const& addresses) {
    std::string out;
    for (Address const& one : addresses)
        out += (out.empty() ? "" : " ") + one.text();
    return out;
}

}  // namespace

TEST_CASE("expand_groups: each address once, in order of first mention") {
    Groups const groups{{"family", {"Ann@a.test", "bob@b.test", "kids"}},
                        {"kids", {"kim@a.test", "bob@B.test"}},
                        {"all", {"family", "kids", "zoe@z.test"}},
                        {"empty", {}}};

    struct Row {
        std::vector<std::string> recipients;
        std::string expanded;
    };

    for (Row const& row : {
             Row{{}, ""},
             Row{{"x@x.test"}, "x@x.test"},
             Row{{"x@x.test", "X@x.test", "\"x\"@x.test"}, "x@x.test"},
             Row{{"family"}, "ann@a.test bob@b.test kim@a.test"},
             Row{{"kim@a.test", "all"}, "kim@a.test ann@a.test bob@b.test zoe@z.test"},
             Row{{"kids", "kids", "family"}, "kim@a.test bob@b.test ann@a.test"},
             Row{{"empty"}, ""},
         }) {
        CAPTURE(row.expanded);
        auto const expanded = expand_groups(row.recipients, groups);
        REQUIRE(expanded);
        CHECK(joined(*expanded) == row.expanded);
    }
}

TEST_CASE("expand_groups: refuses cycles, unknown names and bad addresses") {
    Groups const groups{{"self", {"self"}}, {"a", {"x@x.test", "b"}},  {"b", {"c"}},
                        {"c", {"a"}},       {"dangling", {"nowhere"}}, {"bad", {"@x.test"}}};

    struct Row {
        std::string recipient;
        std::string said;
    };

    for (Row const& row : {Row{"self", "contains itself"}, Row{"a", "contains itself"},
                           Row{"c", "contains itself"}, Row{"dangling", "nowhere"},
                           Row{"unknown", "unknown"}, Row{"bad", "@x.test"}, Row{"", "\"\""}}) {
        CAPTURE(row.recipient);
        auto const expanded = expand_groups({row.recipient}, groups);
        REQUIRE_FALSE(expanded);
        CHECK(expanded.error().fault == Fault::usage);
        CHECK(expanded.error().what.find(row.said) != std::string::npos);
    }
}

TEST_CASE("expand_groups: 1,000 addresses and no more") {
    Groups groups;
    for (int i = 0; i < 1'000; ++i)
        groups["many"].push_back("u" + std::to_string(i) + "@x.test");
    CHECK(expand_groups({"many", "u7@x.test"}, groups)->size() == 1'000);
    auto const over = expand_groups({"many", "one@more.test"}, groups);
    REQUIRE_FALSE(over);
    CHECK(over.error().fault == Fault::usage);
}

TEST_CASE("expand_groups: deep and wide nesting costs neither stack nor time") {
    Groups groups;
    int const depth = 50'000;
    for (int i = 0; i < depth; ++i) {
        std::string const next = "g" + std::to_string(i + 1);
        groups["g" + std::to_string(i)] = {next, next};  // 2^50000 paths
    }
    groups["g" + std::to_string(depth)] = {"x@x.test"};
    auto const expanded = expand_groups({"g0"}, groups);
    REQUIRE(expanded);
    CHECK(joined(*expanded) == "x@x.test");
}
