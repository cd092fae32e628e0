#include "src/cli/completion.h"

#include <algorithm>
#include <iterator>

#include "src/core/config_keys.h"

namespace satchel::cli {

namespace {

void add(Completions& to, std::string const& begun, std::string word, std::string const& help) {
    if (word.starts_with(begun)) to.words.push_back({std::move(word), help});
}

void add_settings(Completions& to, std::string const& begun) {
    for (ConfigKey const& key : config_keys()) {
        if (key.section == domain_section) continue;  // the domain's name stands between
        add(to, begun, std::string(key.section) + '.' + std::string(key.name) + '=',
            std::string(key.explanation));
    }
}

bool is_choice(std::string const& value) {
    return value.find('|') != std::string::npos &&
           std::all_of(value.begin(), value.end(),
                       [](char c) { return c == '|' || c == '-' || (c >= 'a' && c <= 'z'); });
}

/// By the name that help has for the value.
void add_values(Completions& to, std::string const& begun, std::string const& value) {
    if (value == "KEY=VALUE") {
        add_settings(to, begun);
    } else if (is_choice(value)) {
        for (std::size_t at = 0; at <= value.size();) {
            std::size_t const end = std::min(value.find('|', at), value.size());
            add(to, begun, value.substr(at, end - at), "");
            at = end + 1;
        }
    } else if (value == "DIR") {
        to.files = Completions::Files::folders;
    } else if (value.starts_with("FILE") || value == "REF" || value.ends_with("@FILE")) {
        to.files = Completions::Files::any;
    }
}

void add_options(Completions& to, std::string const& begun, Grammar const& verb) {
    for (GrammarOption const& option : verb.options)
        for (std::string const& flag : option.flags)
            add(to, begun, flag, option.help);
}

/// What every verb takes beside its own.
void add_global_options(Completions& to, std::string const& begun, Grammar const& program) {
    for (GrammarOption const& option : program.options) {
        std::string const& name = option.flags.back();
        if (name == "--help" || name == "--version") continue;
        for (std::string const& flag : option.flags)
            add(to, begun, flag, option.help);
    }
}

void add_argument(Completions& to, std::string const& begun, GrammarPlace const& place) {
    auto const& arguments = place.verb().arguments;
    if (arguments.empty()) return;
    std::size_t const at = place.arguments.size();
    GrammarArgument const& argument = arguments[std::min(at, arguments.size() - 1)];
    if (at < arguments.size() || argument.many) add_values(to, begun, argument.name);
}

}  // namespace

Completions complete(Grammar const& program, std::vector<std::string> const& words) {
    Completions found;
    if (words.empty()) return found;
    auto const place = place_of(program, {words.begin(), std::prev(words.end())});
    std::string const& begun = words.back();
    if (place.option != nullptr) {
        add_values(found, begun, place.option->value);
    } else if (begun.starts_with('-')) {
        add_options(found, begun, place.verb());
        if (place.verbs.size() > 1) add_global_options(found, begun, program);
    } else {
        if (place.arguments.empty())
            for (Grammar const& verb : place.verb().verbs)
                add(found, begun, verb.name, verb.help);
        add_argument(found, begun, place);
    }
    return found;
}

std::string completion_lines(Completions const& completions) {
    std::string lines;
    for (Completion const& completion : completions.words) {
        std::string help = completion.help;
        std::replace(help.begin(), help.end(), '\n', ' ');
        lines += completion.word + '\t' + help + '\n';
    }
    if (completions.files == Completions::Files::any) lines += ":files\n";
    if (completions.files == Completions::Files::folders) lines += ":folders\n";
    return lines;
}

}  // namespace satchel::cli
