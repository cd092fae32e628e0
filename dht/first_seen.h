// Trust level `first-seen`: whoever first claims an address is remembered, and nobody after them
// counts (DESIGN.md section 3).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "dht/location_service.h"
#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/address.h"
#include "src/core/keys.h"
#include "src/core/trust_memory.h"

namespace satchel::location {

/// What is to be made of those who claim an address.
struct FirstSeenVerdict {
    std::optional<UserKey> counts;
    bool is_new = false;  ///< `counts` is to be remembered
    std::string alarm;    ///< another key claims the address: then none counts. "" if not
};

/// Pure. `claimants`: signers of valid records of `address` in their own slots.
FirstSeenVerdict judge_claimants(Address const& address, std::optional<UserKey> const& remembered,
                                 std::vector<UserKey> const& claimants);

/// Owner's thread; all references must outlive it.
class FirstSeen {
public:
    FirstSeen(TrustMemory& memory, WorkerPool& workers, EventLog const& log)
        : memory_(memory)
        , workers_(workers)
        , log_(log) {}

    /// The key remembered for an address. An Error costs the trust.
    asio::awaitable<Result<std::optional<UserKey>>> remembered(Address address);

    /// judge_claimants(), remembered and told. An Error: it can't be remembered, so nobody counts.
    asio::awaitable<Result<FirstSeenVerdict>> settle(Address address,
                                                     std::vector<UserKey> claimants,
                                                     std::uint64_t now_seconds);

private:
    TrustMemory& memory_;
    WorkerPool& workers_;
    EventLog const& log_;
};

}  // namespace satchel::location
