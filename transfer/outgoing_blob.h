// A blob in the making at the sender: content is read, encrypted, hashed and written in one pass.
// Memory stays flat.
#pragma once

#include <filesystem>
#include <functional>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"
#include "transfer/age_grant.h"

namespace satchel::transfer {

struct OutgoingBlob {
    ContentId content_id;
    std::uint64_t bytes = 0;  ///< of the blob
    Bytes layer;              ///< piece layer, empty for one piece
    FileKey key;
    std::uint64_t content_bytes = 0;
    Sha256Digest content_sha256{};
    UniqueFd file;  ///< has no name: it goes with its last descriptor
};

/// The next piece of content, empty at the end. The bytes stay valid until the next call.
using ContentSource = std::function<Result<ByteSpan>()>;

/// Blocks. `folder` must exist. Not fsynced: the receiver's receipt is what makes the bytes safe.
Result<OutgoingBlob> write_outgoing_blob(ContentSource const& source,
                                         std::filesystem::path const& folder,
                                         Randomness& randomness);

}  // namespace satchel::transfer
