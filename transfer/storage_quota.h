// May one more blob come in? A pure decision over what is held, promised and free.
#pragma once

#include <cstdint>
#include <string>

#include "src/base/result.h"
#include "transfer/blob_store.h"

namespace satchel::transfer {

/// All in bytes.
struct StoreOccupancy {
    std::uint64_t taken = 0;            ///< held, or reserved by uploads
    std::uint64_t taken_by_sender = 0;  ///< of that, for this sender
    std::uint64_t disk_free = 0;
    std::uint64_t disk_promised = 0;  ///< that uploads under way will still write
    std::uint64_t disk_margin = 0;    ///< to leave free
};

struct StoreDemand {
    std::uint64_t size = 0;     ///< bytes of the blob
    std::uint64_t on_disk = 0;  ///< bytes of it that are there already
    std::string sender;         ///< "": no quota of its own
};

/// Fault::no_space, with words that say which bound it is.
Status admit(StoreQuota const& quota, StoreOccupancy const& now, StoreDemand const& demand);

}  // namespace satchel::transfer
