#include "src/cli/usage_advice.h"

#include <doctest/doctest.h>

using namespace satchel::cli;

namespace {

Grammar sample() {
    Grammar lookup{.name = "lookup",
                   .help = "",
                   .example = "",
                   .options = {},
                   .arguments = {{.name = "ADDRESS", .help = "", .required = true, .many = false}},
                   .verbs = {}};
    lookup.options.push_back(
        {.flags = {"--no-ping"}, .value = "", .help = "", .required = false, .many = false});
    Grammar bind{
        .name = "bind", .help = "", .example = "", .options = {}, .arguments = {}, .verbs = {}};
    Grammar domain{.name = "domain",
                   .help = "",
                   .example = "",
                   .options = {},
                   .arguments = {},
                   .verbs = {bind},
                   .needs_verb = true};
    return {.name = "satchel",
            .help = "",
            .example = "",
            .options = {},
            .arguments = {},
            .verbs = {lookup, domain},
            .needs_verb = true};
}

}  // namespace

TEST_CASE("usage advice: says what would be right") {
    struct Row {
        char const* why;
        std::vector<std::string> words;
        std::string advice;
    };

    Row const rows[] = {
        {"no verb", {}, "a verb is wanted; `satchel --help` lists them"},
        {"a slip",
         {"lokup", "a@b.test"},
         "`satchel` has no verb `lokup`; did you mean `lookup`? `satchel --help` lists them"},
        {"no slip",
         {"frobnicate"},
         "`satchel` has no verb `frobnicate`; `satchel --help` lists them"},
        {"a short word is not a slip of everything",
         {"qq"},
         "`satchel` has no verb `qq`; `satchel --help` lists them"},
        {"of a group",
         {"domain", "bin"},
         "`satchel domain` has no verb `bin`; did you mean `bind`? `satchel domain --help` lists "
         "them"},
        {"a group alone", {"domain"}, "a verb is wanted; `satchel domain --help` lists them"},
        {"what the parser said",
         {"lookup"},
         "complaint. Usage: satchel lookup [--no-ping] ADDRESS (`satchel lookup --help` says "
         "more)"},
        {"an endless word",
         {std::string(5000, 'x')},
         "`satchel` has no verb `" + std::string(40, 'x') + "`; `satchel --help` lists them"},
    };
    for (Row const& row : rows) {
        CAPTURE(row.why);
        CHECK(usage_advice(sample(), row.words, "complaint") == row.advice);
    }
}
