#include "src/cli/usage_advice.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace satchel::cli {

namespace {

constexpr std::size_t distance_of_a_slip = 2;

/// How many characters to put in, take out or change (Levenshtein).
std::size_t distance(std::string const& a, std::string const& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            std::size_t const changed = diagonal + (a[i] == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string unknown_verb(GrammarPlace const& place, std::string word) {
    constexpr std::size_t longest_repeated = 40;
    word.resize(std::min(word.size(), longest_repeated));
    std::string text = '`' + place.command() + "` has no verb `" + word + '`';
    auto const& verbs = place.verb().verbs;
    auto const nearest =
        std::min_element(verbs.begin(), verbs.end(), [&](Grammar const& a, Grammar const& b) {
            return distance(word, a.name) < distance(word, b.name);
        });
    bool const is_slip =
        distance(word, nearest->name) <= std::min(distance_of_a_slip, nearest->name.size() / 2);
    if (is_slip) text += "; did you mean `" + nearest->name + "`?";
    return text + (is_slip ? " " : "; ");
}

}  // namespace

std::string usage_advice(Grammar const& program, std::vector<std::string> const& words,
                         std::string const& complaint) {
    auto const place = place_of(program, words);
    std::string const help = '`' + place.command() + " --help`";
    if (place.verb().needs_verb && !place.verb().verbs.empty()) {
        if (!place.arguments.empty())
            return unknown_verb(place, place.arguments.front()) + help + " lists them";
        if (place.option == nullptr) return "a verb is wanted; " + help + " lists them";
    }
    return complaint + ". Usage: " + usage_of(place) + " (" + help + " says more)";
}

}  // namespace satchel::cli
