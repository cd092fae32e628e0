// What a process gives up for good before it reads what strangers send. Linux.
#pragma once

#include <cstdint>

#include "src/base/result.h"

namespace satchel {

struct SandboxLimits {
    std::uint64_t open_files = 1'024;
    std::uint64_t data_bytes = 1024ULL * 1024 * 1024;  ///< of memory that is not a file's
};

/// What of it the kernel had to offer: for the log.
struct SandboxReport {
    bool files_closed = false;    ///< no path can be opened any more (Landlock)
    bool signals_closed = false;  ///< nor may other processes be signalled (Landlock, Linux 6.12)
};

/// Ends this process with its parent (which is `parent` now), lets it gain no rights by what it
/// executes, bounds its files and memory, writes no core, and shuts the file system: what is open
/// stays so. To be called before other threads are started. Fails where something that every kernel
/// can do was denied.
Result<SandboxReport> enter_sandbox(int parent, SandboxLimits const& limits);

}  // namespace satchel
