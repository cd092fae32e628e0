// What somebody is told whose command line is wrong: not only that it is, but what would be right.
#pragma once

#include <string>
#include <vector>

#include "src/cli/grammar.h"

namespace satchel::cli {

/// One sentence. `complaint` is the parser's; `words` is the line without the program's name.
std::string usage_advice(Grammar const& program, std::vector<std::string> const& words,
                         std::string const& complaint);

}  // namespace satchel::cli
