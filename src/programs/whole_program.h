// The program with all verbs, which the one that users type starts where it must.
#pragma once

#include "src/base/result.h"

namespace satchel::programs {

/// This process becomes the whole program, with the same words. Returns only if it can't:
/// Fault::not_found, if half of an installation is missing.
Error become_whole_program(char** argv);

}  // namespace satchel::programs
