// Answers "where does this address store?": record, trust, nodes, availability, each with its
// reason (claims 19-20, Figure 4b; DESIGN.md sections 3 and 4).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "dht/location_service.h"
#include "dht/pinger.h"
#include "dht/record_filter.h"
#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/worker_pool.h"
#include "src/core/lookup_report.h"

namespace satchel::location {

/// What is known beforehand of an address; asked for the address itself and for it without
/// subaddress.
using TrustFor = std::function<TrustInputs(Address const&)>;

struct ResolveOptions {
    bool ping = true;                            ///< false: rely on the presence record alone
    std::chrono::milliseconds patience{10'000};  ///< for each record
};

/// Owner's thread. What it waits for must outlive it.
class AddressResolver {
public:
    AddressResolver(LocationService& service, WorkerPool& workers, Pinger& pinger,
                    Clock const& clock)
        : service_(service)
        , workers_(workers)
        , pinger_(pinger)
        , clock_(clock) {}

    asio::awaitable<LookupReport> resolve(Address address, TrustFor trust_for,
                                          ResolveOptions options);

private:
    struct Search;  ///< one lookup under way

    /// A slot of an address: what was believed last, so that nobody can roll it back.
    using SlotName = std::pair<std::string, std::uint64_t>;

    asio::awaitable<Locator> locator_of(Address const& address);
    asio::awaitable<void> find_record(Search& search);
    asio::awaitable<void> ask_slot(Search& search, PublicKey owner);
    asio::awaitable<void> look_at_nodes(Search& search, bool records_are_fresh);
    asio::awaitable<NodeReport> look_at(Search& search, StorageNode const& node);
    StorageFinding const* remember(SlotName const& name, StorageFinding finding);
    StorageFinding const* remembered(SlotName const& name);

    LocationService& service_;
    WorkerPool& workers_;
    Pinger& pinger_;
    Clock const& clock_;
    std::map<std::string, Locator> locators_;
    std::map<SlotName, StorageFinding> findings_;
};

}  // namespace satchel::location
