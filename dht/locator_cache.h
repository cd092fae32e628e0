// Locators of addresses, computed in the pool (24 ms and 16 MiB each), two at once, and remembered.
#pragma once

#include <memory>
#include <vector>

#include "dht/lru_map.h"
#include "dht/wake_up.h"
#include "src/base/worker_pool.h"
#include "src/core/address.h"
#include "src/core/locator.h"

namespace satchel::location {

/// Owner's thread.
class LocatorCache {
public:
    explicit LocatorCache(WorkerPool& workers)
        : workers_(workers) {}

    asio::awaitable<Locator> locator_of(Address address);

private:
    static constexpr std::size_t remembered_max = 4'096;
    static constexpr unsigned at_once_max = 2;

    WorkerPool& workers_;
    LruMap<Address, Locator> known_{remembered_max};
    unsigned running_ = 0;
    std::vector<std::shared_ptr<WakeUp>> waiting_;
};

}  // namespace satchel::location
