// Puts files and index of a disk store in agreement, whatever a crash left behind.
#pragma once

#include "src/base/result.h"
#include "transfer/disk_blob_store.h"

namespace satchel::transfer {

/// On opening, before anything else touches the store. A blob that was moved to its place but not
/// yet indexed becomes a partial again; what nothing speaks for is removed.
/// The files of small blobs are written once more from the bytes that the index keeps, where there
/// is room.
Result<Reconciliation> reconcile(DiskStoreState& state);

}  // namespace satchel::transfer
