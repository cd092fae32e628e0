// What the command line takes, as data: read off the parser itself, so that completion, manual
// pages and their test can't say anything else.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace satchel::cli {

struct GrammarOption {
    std::vector<std::string> flags;  ///< as they are typed: "-o", "--output"
    std::string value;               ///< what follows, such as "FILE"; "" for a flag
    std::string help;
    bool required = false;
    bool many = false;
};

struct GrammarArgument {
    std::string name;
    std::string help;
    bool required = false;
    bool many = false;
};

/// One verb, or the whole program.
struct Grammar {
    std::string name;
    std::string help;
    std::string example;  ///< lines; "" if none
    std::vector<GrammarOption> options;
    std::vector<GrammarArgument> arguments;
    std::vector<Grammar> verbs;
    bool needs_verb = false;  ///< it does nothing by itself
};

Grammar grammar_of(CLI::App const& app);

/// Where the words of a command line have led.
struct GrammarPlace {
    std::vector<Grammar const*> verbs;      ///< the program, and each verb named; never empty
    GrammarOption const* option = nullptr;  ///< that still waits for its value
    std::vector<std::string> arguments;     ///< words that are neither verbs nor options

    Grammar const& verb() const { return *verbs.back(); }

    /// "satchel domain bind".
    std::string command() const;
};

/// What parses goes where the parser takes it; what doesn't, as far as it makes sense. `words`
/// leaves the program's name out.
GrammarPlace place_of(Grammar const& program, std::vector<std::string> const& words);

/// "satchel get [--output FILE|-] REF".
std::string usage_of(GrammarPlace const& place);

/// With the keys of satchel.toml beside it.
nlohmann::json grammar_json(Grammar const& grammar);

}  // namespace satchel::cli
