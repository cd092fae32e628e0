// A blob on its way out: content is encrypted, hashed and written in one pass, with flat memory.
// The file has no name, so it is gone when it is closed, or the process dies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/base/sha256.h"
#include "src/base/unique_fd.h"
#include "src/core/content_id.h"
#include "transfer/age_grant.h"

namespace satchel::transfer {

/// Puts the next content into the buffer, and says how much it is: 0 at the end, and only there.
using ContentReader = std::function<Result<std::size_t>(std::span<Byte> buffer)>;

/// What one pass over the content gives. Grants for the recipients are made from `key`.
struct OutgoingBlob {
    ContentId id;
    std::uint64_t blob_bytes = 0;
    Bytes layer;  ///< piece layer; empty for one piece
    FileKey key;
    std::uint64_t content_bytes = 0;
    /// Secret as the content is: for the recipient's eyes alone. Zeros where it was known already.
    Sha256Digest content_sha256{};
    std::shared_ptr<UniqueFd> file;  ///< the blob, to be read at offsets
};

/// Hears how much of a blob stands in its file while it is made; on the thread that makes it.
using OutgoingWatch =
    std::function<void(std::shared_ptr<UniqueFd> const& file, std::uint64_t written)>;

/// The digest of the content costs as much as encrypting it.
enum class ContentDigest { wanted, known };

/// A blob whose making can be gone on with: its key, and the file it is written to.
struct BlobDraft {
    FileKey key;
    std::shared_ptr<UniqueFd> file;  ///< for reading and writing
};

/// Blocks. A fresh key each time: equal contents get different blobs. Blobs of up to
/// limits::inline_blob_bytes stay in memory, larger ones go to a file in `outbox`, which is not
/// synced: the receipt comes from the one who is. Faults: the reader's, and those of writing.
Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read,
                                        std::filesystem::path const& outbox, Randomness& randomness,
                                        OutgoingWatch const& watch = {},
                                        ContentDigest digest = ContentDigest::wanted);

/// The same with a key and a file of the caller's. What stands in the file is part of this blob, by
/// this key: the content is encrypted anew and compared with it, so that nothing is ever encrypted
/// in two versions under one key. Fault::corrupt: it is another content than before, and the draft
/// must not be used again. Only what was compared or written is told to `watch`.
Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read, BlobDraft draft,
                                        Randomness& randomness, OutgoingWatch const& watch,
                                        ContentDigest digest);

/// Reads a file from its start, whatever its offset. `fd` must stay open.
ContentReader read_from_file(int fd);

}  // namespace satchel::transfer
