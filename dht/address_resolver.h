// Answers "where does this address store?": record, trust, nodes, availability, each with its
// reason (claims 19-20, Figure 4b; DESIGN.md sections 3 and 4).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "dht/first_seen.h"
#include "dht/location_service.h"
#include "dht/locator_cache.h"
#include "dht/pinger.h"
#include "dht/record_filter.h"
#include "dht/seen_records.h"
#include "src/base/asio.h"
#include "src/base/clock.h"
#include "src/base/worker_pool.h"
#include "src/core/limits.h"
#include "src/core/lookup_report.h"

namespace satchel::location {

/// What is known beforehand of an address; asked for the address itself and for it without
/// subaddress. It must outlive the lookup.
using TrustFor = std::function<asio::awaitable<TrustInputs>(Address)>;

struct ResolveOptions {
    bool ping = true;  ///< false: rely on the presence record alone
    /// For the whole answer, short of the pings.
    std::chrono::milliseconds patience{limits::lookup_patience_milliseconds};
};

struct AddressSearch;  ///< one lookup under way
struct AddressLooks;   ///< at its nodes
struct PresenceAhead;

/// Owner's thread. Destroyed, like what it refers to, only after the io_context that its coroutines
/// run on has stopped running.
class AddressResolver {
public:
    AddressResolver(LocationService& service, WorkerPool& workers, Pinger& pinger,
                    Clock const& clock)
        : service_(service)
        , pinger_(pinger)
        , clock_(clock)
        , locators_(workers) {}

    /// Without it, nobody counts at level `first-seen`. It must outlive the resolver.
    void use_first_seen(FirstSeen& first_seen) { first_seen_ = &first_seen; }

    asio::awaitable<LookupReport> resolve(Address address, TrustFor trust_for,
                                          ResolveOptions options);

private:
    using Search = AddressSearch;
    using Looks = AddressLooks;
    using SearchPtr = std::shared_ptr<Search>;
    using LooksPtr = std::shared_ptr<Looks>;

    /// The locator, once `search->address` is known.
    asio::awaitable<void> locate(SearchPtr search);
    /// Who claims the address, where no domain and no contact vouches for anybody.
    asio::awaitable<void> find_first_seen(SearchPtr search);
    asio::awaitable<Result<std::vector<UserKey>>> claimants(SearchPtr search);
    /// Asks all slots that count for `search->address`.
    asio::awaitable<void> find_record(SearchPtr search);
    asio::awaitable<void> find_without_subaddress(SearchPtr search, TrustFor trust_for);
    asio::awaitable<void> ask_slot(SearchPtr search, PublicKey owner);
    /// The record seen before, if there is one that still counts.
    std::optional<StorageFinding> seen_before(Search& search, RecordPlace const& place);
    asio::awaitable<void> look_at_nodes(SearchPtr search);
    asio::awaitable<void> look_at(SearchPtr search, LooksPtr looks, std::size_t index);
    asio::awaitable<Result<PresenceRecord>> presence_of(SearchPtr search, StorageNode node);
    asio::awaitable<Result<PresenceRecord>> ask_presence(SearchPtr search, StorageNode node);
    /// Asks for the presences of the nodes that a record seen before names.
    void look_ahead(SearchPtr const& search, PublicKey const& owner,
                    asio::any_io_executor const& executor);
    asio::awaitable<void> ask_ahead(SearchPtr search, std::shared_ptr<PresenceAhead> ahead);

    LocationService& service_;
    Pinger& pinger_;
    Clock const& clock_;
    LocatorCache locators_;
    SeenRecords seen_;
    FirstSeen* first_seen_ = nullptr;
};

}  // namespace satchel::location
