// What is known of a mail domain: its keys, its gateway, DHT nodes to begin with. The configuration
// wins over DNS, and what was seen before over what is new (DESIGN.md section 3).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dht/dns_resolver.h"
#include "dht/lru_map.h"
#include "dht/wake_up.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/worker_pool.h"
#include "src/core/config.h"
#include "src/core/trust_memory.h"

namespace satchel::location {

struct DomainFacts {
    std::vector<DomainKey> keys;          ///< those that count
    std::vector<PublicKey> gateway_keys;  ///< may sign offers for the domain's senders
    std::string gateway;                  ///< control endpoint, "host:port"; "" unknown
    std::vector<HostPort> dht_bootstrap;
    Dnssec dnssec = Dnssec::insecure;  ///< secure: DNSSEC vouches for all of this
    std::string alarm;  ///< the keys have changed and nobody vouches for it; "" if not
    /// It publishes a record, or has: none of its addresses counts as `first-seen`.
    bool has_spoken = false;
    /// Unix seconds: when DNS answered, and until when that counts; 0: DNS has not answered.
    std::uint64_t answered = 0;
    std::uint64_t counts_until = 0;
    /// Why there are no keys, or only remembered ones, for now: DNS could not be asked. "" if not.
    std::string temporary;
    std::vector<std::string> steps;  ///< in words an admin understands
};

/// Owner's thread. Destroyed, like what it refers to, only after the io_context that its coroutines
/// run on has stopped running.
class DomainDirectory {
public:
    struct World {
        asio::io_context& owner;
        DnsResolver* dns;  ///< null: DNS is never asked
        TrustMemory& memory;
        WorkerPool& workers;
        Clock const& clock;
        EventLog const& log;
    };

    explicit DomainDirectory(World world)
        : world_(world) {}

    DomainDirectory(DomainDirectory const&) = delete;
    DomainDirectory& operator=(DomainDirectory const&) = delete;

    /// `domain` in A-labels. `configured`: its table in the configuration, which is all that counts
    /// where there is one. Answers of DNS are kept for their TTL, from 60 s to 24 h; that there is
    /// no record for 5 minutes; a failure for 30 s. A domain is asked about once at a time.
    asio::awaitable<DomainFacts> facts_of(std::string domain,
                                          std::optional<DomainSettings> configured);

private:
    using Ticks = std::chrono::steady_clock::time_point;
    using Outcome = Result<TxtAnswer>;

    struct Known {
        std::shared_ptr<Outcome const> outcome;
        Ticks until;
        std::uint64_t answered;      ///< Unix seconds
        std::uint64_t counts_until;  ///< likewise
    };

    /// A question under way, and those who wait for its answer.
    struct Asking {
        std::shared_ptr<Outcome const> outcome{};
        std::vector<std::shared_ptr<WakeUp>> waiting{};
    };

    asio::awaitable<std::shared_ptr<Outcome const>> ask(std::string domain);
    asio::awaitable<void> judge(std::string const& domain, TxtAnswer const& answer,
                                std::vector<RememberedDomainKey> remembered, DomainFacts& facts);
    void tell_alarm(std::string const& domain, std::string const& alarm);

    World world_;
    LruMap<std::string, Known> known_{4'096};
    std::map<std::string, std::shared_ptr<Asking>> asking_;
    std::set<std::string> alarmed_;  ///< domains whose alarm was told
};

}  // namespace satchel::location
