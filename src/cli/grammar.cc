#include "src/cli/grammar.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "src/core/config_keys.h"

namespace satchel::cli {

namespace {

using Json = nlohmann::json;

constexpr std::string_view example_title = "\nExample:\n  ";

GrammarOption option_of(CLI::Option const& option) {
    GrammarOption result;
    result.help = option.get_description();
    result.required = option.get_required();
    for (std::string const& name : option.get_snames())
        result.flags.push_back('-' + name);
    for (std::string const& name : option.get_lnames())
        result.flags.push_back("--" + name);
    if (option.get_items_expected_max() > 0) {
        result.value = option.get_type_name();
        result.many = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    }
    return result;
}

GrammarOption const* find_option(Grammar const& verb, std::string const& flag) {
    for (GrammarOption const& option : verb.options)
        if (std::find(option.flags.begin(), option.flags.end(), flag) != option.flags.end())
            return &option;
    return nullptr;
}

Json options_json(Grammar const& grammar) {
    Json list = Json::array();
    for (GrammarOption const& option : grammar.options) {
        list.push_back({{"flags", option.flags},
                        {"value", option.value},
                        {"help", option.help},
                        {"required", option.required},
                        {"many", option.many}});
    }
    return list;
}

Json arguments_json(Grammar const& grammar) {
    Json list = Json::array();
    for (GrammarArgument const& argument : grammar.arguments) {
        list.push_back({{"name", argument.name},
                        {"help", argument.help},
                        {"required", argument.required},
                        {"many", argument.many}});
    }
    return list;
}

Json verb_json(Grammar const& grammar) {
    Json verbs = Json::array();
    for (Grammar const& verb : grammar.verbs)
        verbs.push_back(verb_json(verb));
    return {{"name", grammar.name},
            {"help", grammar.help},
            {"example", grammar.example},
            {"options", options_json(grammar)},
            {"arguments", arguments_json(grammar)},
            {"verbs", std::move(verbs)},
            {"needs_verb", grammar.needs_verb}};
}

}  // namespace

Grammar grammar_of(CLI::App const& app) {
    Grammar grammar;
    grammar.name = app.get_name();
    grammar.help = app.get_description();
    grammar.needs_verb = app.get_require_subcommand_min() > 0;
    std::string const footer = app.get_footer();
    if (footer.starts_with(example_title)) grammar.example = footer.substr(example_title.size());
    for (CLI::Option const* const option : app.get_options()) {
        if (option->get_positional()) {
            grammar.arguments.push_back({.name = option->get_name(true),
                                         .help = option->get_description(),
                                         .required = option->get_required(),
                                         .many = option->get_items_expected_max() > 1});
        } else {
            grammar.options.push_back(option_of(*option));
        }
    }
    for (CLI::App const* const verb : app.get_subcommands([](CLI::App const*) { return true; }))
        grammar.verbs.push_back(grammar_of(*verb));
    return grammar;
}

std::string GrammarPlace::command() const {
    std::string text;
    for (Grammar const* const verb : verbs)
        text += (text.empty() ? "" : " ") + verb->name;
    return text;
}

GrammarPlace place_of(Grammar const& program, std::vector<std::string> const& words) {
    GrammarPlace place{.verbs = {&program}, .option = nullptr, .arguments = {}};
    for (std::string const& word : words) {
        if (place.option != nullptr) {
            place.option = nullptr;
        } else if (word.size() > 1 && word.starts_with('-')) {
            auto const* option = find_option(place.verb(), word);
            if (option == nullptr) option = find_option(program, word);
            if (option != nullptr && !option->value.empty()) place.option = option;
        } else {
            auto const& verbs = place.verb().verbs;
            auto const verb = std::find_if(verbs.begin(), verbs.end(),
                                           [&](Grammar const& one) { return one.name == word; });
            if (verb == verbs.end() || !place.arguments.empty()) {
                place.arguments.push_back(word);
            } else {
                place.verbs.push_back(&*verb);
            }
        }
    }
    return place;
}

std::string usage_of(GrammarPlace const& place) {
    std::string text = place.command();
    for (GrammarOption const& option : place.verb().options) {
        if (option.flags.back() == "--help") continue;
        std::string const one =
            option.flags.back() + (option.value.empty() ? "" : ' ' + option.value);
        text += option.required ? ' ' + one : " [" + one + ']';
        if (option.many) text += "...";
    }
    for (GrammarArgument const& argument : place.verb().arguments) {
        std::string const one = argument.name + (argument.many ? "..." : "");
        text += argument.required ? ' ' + one : " [" + one + ']';
    }
    return text;
}

Json grammar_json(Grammar const& grammar) {
    Json json = verb_json(grammar);
    json["settings"] = Json::array();
    for (ConfigKey const& key : config_keys()) {
        json["settings"].push_back({{"section", key.section},
                                    {"name", key.name},
                                    {"default", key.default_text},
                                    {"explanation", key.explanation}});
    }
    return json;
}

}  // namespace satchel::cli
