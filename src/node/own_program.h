// Runs a verb of this very program in a process of its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "src/base/result.h"

namespace satchel::node {

/// What it wrote to its standard output, and its exit code.
struct ProgramOutput {
    std::string text;
    int code = 0;
};

/// `satchel WORDS…`, killed when it takes longer. Blocks.
Result<ProgramOutput> run_own_program(std::vector<std::string> const& words,
                                      std::chrono::seconds patience);

}  // namespace satchel::node
