// The program with all verbs, which the one that users type starts where it must.
#pragma once

#include "src/base/result.h"

namespace satchel::programs {

/// The words that this process was started with, for the time when it has to begin again.
void note_command(char** argv);

/// This process becomes the whole program, with the same words. Returns only if it can't:
/// Fault::timed_out, which mail servers take for "later", as in the middle of an upgrade half of an
/// installation may be missing.
Error become_whole_program();

}  // namespace satchel::programs
