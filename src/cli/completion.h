// What may stand at the end of a command line that somebody is typing: what bash, zsh and fish ask
// the program itself, so that they always know the verbs and flags that it has.
#pragma once

#include <string>
#include <vector>

#include "src/cli/grammar.h"

namespace satchel::cli {

struct Completion {
    std::string word;
    std::string help;
};

struct Completions {
    enum class Files { none, any, folders };

    std::vector<Completion> words;
    Files files = Files::none;  ///< names of files will do, too
};

/// `words` is the line without the program's name; its last word, perhaps empty, is to be
/// completed.
Completions complete(Grammar const& program, std::vector<std::string> const& words);

/// One a line, with its help behind a tab; a line `:files` or `:folders` last, where those will do.
std::string completion_lines(Completions const& completions);

}  // namespace satchel::cli
