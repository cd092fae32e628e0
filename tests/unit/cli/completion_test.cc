#include "src/cli/completion.h"

#include <doctest/doctest.h>

using namespace satchel::cli;

namespace {

GrammarOption value_option(std::string flag, std::string value) {
    return {.flags = {"-x", std::move(flag)},
            .value = std::move(value),
            .help = "",
            .required = false,
            .many = false};
}

GrammarOption plain_flag(std::string flag) {
    return {.flags = {std::move(flag)}, .value = "", .help = "", .required = false, .many = false};
}

Grammar sample() {
    Grammar get{.name = "get",
                .help = "fetch",
                .example = "",
                .options = {value_option("--output", "FILE|-")},
                .arguments = {{.name = "REF", .help = "", .required = true, .many = false}},
                .verbs = {}};
    Grammar init{.name = "init",
                 .help = "make",
                 .example = "",
                 .options = {value_option("--role", "user|gateway|admin"), plain_flag("--force")},
                 .arguments = {},
                 .verbs = {}};
    Grammar add{.name = "add",
                .help = "",
                .example = "",
                .options = {},
                .arguments = {{.name = "ADDRESS", .help = "", .required = true, .many = true}},
                .verbs = {}};
    Grammar group{.name = "group",
                  .help = "",
                  .example = "",
                  .options = {},
                  .arguments = {},
                  .verbs = {add},
                  .needs_verb = true};
    return {.name = "satchel",
            .help = "",
            .example = "",
            .options = {value_option("--home", "DIR"), value_option("--set", "KEY=VALUE"),
                        plain_flag("--help"), plain_flag("--json")},
            .arguments = {},
            .verbs = {get, init, group},
            .needs_verb = true};
}

}  // namespace

TEST_CASE("completion: what may come next") {
    struct Row {
        char const* why;
        std::vector<std::string> words;
        std::string lines;  ///< without help
    };

    Row const rows[] = {
        {"nothing at all", {}, ""},
        {"verbs", {"g"}, "get group "},
        {"verbs behind a global option", {"--home", "get", "i"}, "init "},
        {"no verb begins so", {"zz"}, ""},
        {"verbs of a verb", {"group", ""}, "add "},
        {"a verb's flags, then everybody's", {"init", "--"}, "--role --force --home --set --json "},
        {"choices", {"init", "--role", ""}, "user gateway admin "},
        {"a choice that has begun", {"init", "--role", "ga"}, "gateway "},
        {"files", {"get", ""}, ":files "},
        {"one REF is enough", {"get", "a", ""}, ""},
        {"an option's value that is a file", {"get", "--output", ""}, ":files "},
        {"folders", {"--home", "x"}, ":folders "},
        {"behind a value stands a verb", {"--home", "x", "gr"}, "group "},
        {"settings", {"--set", "gateway.detach"}, "gateway.detach_min= "},
        {"an option nobody knows takes nothing", {"--nonsense", "ge"}, "get "},
        {"an argument that nothing is known of", {"group", "add", "x"}, ""},
    };
    for (Row const& row : rows) {
        CAPTURE(row.why);
        std::string told;
        std::string const lines = completion_lines(complete(sample(), row.words));
        for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
            std::string const line = lines.substr(at, lines.find('\n', at) - at);
            told += line.substr(0, line.find('\t')) + ' ';
        }
        CHECK(told == row.lines);
    }
}
