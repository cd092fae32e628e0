// libsodium must be initialised once before any other call of it. Everything here that uses it
// calls this.
#pragma once

namespace satchel {

/// Idempotent and safe from any thread. Aborts the process when libsodium can't start: nothing can
/// work then.
void ensure_sodium();

}  // namespace satchel
