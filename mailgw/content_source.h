// What restoring a message needs from the world: this home's identities, and the content of a blob.
// The node fulfils it. Blocking.
#pragma once

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/reference.h"

namespace satchel::mailgw {

class ContentSource {
public:
    virtual ~ContentSource() = default;

    /// Opens a placeholder's `restore=`. Fault::refused: not sealed for this home.
    virtual Result<Bytes> open_restore(ByteSpan sealed) = 0;

    /// Decrypts a blob with this grant, and with no other that may lie with the blob: a placeholder
    /// is worth what its own sender could open. What the blob holds is appended to `out` where that
    /// stands; after a failure, what was written means nothing.
    virtual Status fetch(Reference const& blob, ByteSpan grant, int out) = 0;
};

}  // namespace satchel::mailgw
