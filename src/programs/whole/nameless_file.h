// Files without a name, in the folder for temporary ones: gone with their descriptor, whatever ends
// the program.
#pragma once

#include "src/base/result.h"
#include "src/base/unique_fd.h"

namespace satchel::programs {

/// Empty, to be read and written.
Result<UniqueFd> nameless_file();

/// What `fd` yields from where it stands to its end, as a file that can be read at any offset: its
/// own if it is one that stands at its start.
Result<UniqueFd> whole_file_of(int fd);

}  // namespace satchel::programs
