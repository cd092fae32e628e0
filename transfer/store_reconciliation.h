// Puts files and index of a disk store in agreement, whatever a crash left behind.
#pragma once

#include <functional>

#include "src/base/result.h"
#include "transfer/blob_folder.h"
#include "transfer/blob_index.h"
#include "transfer/disk_blob_store.h"

namespace satchel::transfer {

/// On opening, before anything else touches the store. A blob that was moved to its place but not
/// yet indexed becomes a partial again; what nothing speaks for is removed.
Result<Reconciliation> reconcile(BlobFolder const& folder, BlobIndex& index,
                                 std::function<bool(PartialBlob const&)> const& is_stale);

}  // namespace satchel::transfer
