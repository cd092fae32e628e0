// What the store does for an offer that is let in. All block on the disk: for a worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "transfer/blob_store.h"

namespace satchel::transfer {

/// True: the blob is held for the holding's recipient, now or before. The first grant and label
/// stay: a later offer of the same bytes must not replace what opens them.
Result<bool> hold_if_here(BlobStore& store, Offer const& offer, Holding const& holding);

/// What came of an offer's bytes, or of the wish for room for them.
struct Taken {
    std::shared_ptr<BlobUpload> upload;  ///< where bytes are still to come
    Status status;                       ///< why there is none, or how the taking went
    /// Where another upload of the blob is in the way: the bytes it has.
    std::optional<std::uint64_t> arriving{};
};

/// Opens the upload of an offer's blob, which goes on from what is left of its draft or of itself.
Taken reserve_room(BlobStore& store, Offer const& offer, std::string const& account);

/// All of a blob that came with its offer: held then, or it was before. One job, since each would
/// cost the sender who waits two changes of threads. `begun`: where its upload is open already. No
/// upload comes back.
Taken take_whole(BlobStore& store, Offer const& offer, Holding const& holding, ByteSpan blob,
                 std::shared_ptr<BlobUpload> const& begun);

}  // namespace satchel::transfer
