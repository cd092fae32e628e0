// A blob on its way out: content is encrypted and hashed in one pass, with flat memory, and sent
// meanwhile or written to a file. The file has no name, so it is gone when it is closed, or the
// process dies.
#pragma once

#include <array>
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
#include "transfer/blob_journal.h"
#include "transfer/growing_blob.h"

namespace satchel::transfer {

/// Puts the next content into the buffer, and says how much it is: 0 at the end, and only there.
using ContentReader = std::function<Result<std::size_t>(std::span<Byte> buffer)>;

/// What one pass over the content gives. Grants for the recipients are made from `key`.
struct OutgoingBlob {
    ContentId id;
    std::uint64_t blob_bytes = 0;
    Bytes layer;  ///< piece layer; empty for one piece
    FileKey key;
    std::array<Byte, 16> nonce{};
    std::uint64_t content_bytes = 0;
    /// Secret as the content is: for the recipient's eyes alone. Zeros where it was known already.
    Sha256Digest content_sha256{};
    std::shared_ptr<UniqueFd> file;  ///< the blob, to be read at offsets
    /// What comes before went out from memory, and stands in no file: of all of it there is none.
    std::uint64_t file_from = 0;
};

/// The digest of the content costs as much as encrypting it.
enum class ContentDigest { wanted, known };

/// A blob that a later process can go on with, under the same key.
struct BlobDraft {
    FileKey key;
    std::shared_ptr<BlobJournal> journal;
};

struct OutgoingWay {
    /// Blobs of up to limits::inline_blob_bytes stay in memory, larger ones go to a file here. It
    /// is not synced: the receipt comes from the one who is.
    std::filesystem::path outbox;
    /// Hears how much there is, and takes it from memory where it can.
    std::shared_ptr<GrowingBlob> growth{};
    ContentDigest digest = ContentDigest::wanted;
    /// Else a fresh key, as ever: equal contents get different blobs.
    std::optional<BlobDraft> draft{};
};

/// Blocks. Faults: the reader's, those of writing, and those of the draft's journal: nothing leaves
/// that is not the same as before, and the draft must not be used again.
Result<OutgoingBlob> make_outgoing_blob(ContentReader const& read, OutgoingWay way,
                                        Randomness& randomness);

/// Makes what stands in no file once more, and writes it to one. Blocks. Fault::corrupt: it is
/// another content by now.
Status complete_outgoing_blob(ContentReader const& read, std::filesystem::path const& outbox,
                              OutgoingBlob& blob);

/// Reads a file from its start, whatever its offset. `fd` must stay open.
ContentReader read_from_file(int fd);

}  // namespace satchel::transfer
