#include "transfer/storage_quota.h"

#include <algorithm>
#include <limits>

namespace satchel::transfer {

namespace {

/// Sizes come from strangers: sums must not wrap.
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    auto const max = std::numeric_limits<std::uint64_t>::max();
    return a > max - b ? max : a + b;
}

}  // namespace

Status admit(StoreQuota const& quota, StoreOccupancy const& now, StoreDemand const& demand) {
    if (sum(now.taken, demand.size) > quota.total_bytes) {
        return fail(Fault::no_space, "the storage's quota is used up");
    }
    if (!demand.sender.empty() && sum(now.taken_by_sender, demand.size) > quota.per_sender_bytes) {
        return fail(Fault::no_space, "the sender's quota is used up");
    }
    auto const to_write = demand.size - std::min(demand.size, demand.on_disk);
    if (sum(sum(to_write, now.disk_promised), now.disk_margin) > now.disk_free) {
        return fail(Fault::no_space, "the storage's disk is full");
    }
    return {};
}

}  // namespace satchel::transfer
