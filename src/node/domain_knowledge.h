// What a node knows of domains and of people it has no word for: DNS, the memory of keys seen, and
// the rules over them, put together for one home.
#pragma once

#include <memory>
#include <optional>

#include "dht/dns_resolver.h"
#include "dht/domain_directory.h"
#include "dht/first_seen.h"
#include "src/core/config.h"
#include "src/core/home.h"

namespace satchel::node {

/// Owner's thread. Destroyed only after the owner's io_context has stopped running.
class DomainKnowledge {
public:
    /// Faults: config, where trust.dnssec_anchor can't be read; corrupt, where the memory of keys
    /// seen is damaged. Where DNS itself doesn't start, only settings and memory count (logged).
    static Result<std::unique_ptr<DomainKnowledge>> start(asio::io_context& owner, Home const& home,
                                                          TrustSettings const& settings,
                                                          WorkerPool& workers, Clock const& clock,
                                                          EventLog const& log);

    location::DomainDirectory& directory() { return *directory_; }

    location::FirstSeen& first_seen() { return *first_seen_; }

    /// Ends questions that wait for an answer.
    void stop();

private:
    explicit DomainKnowledge(TrustMemory memory)
        : memory_(std::move(memory)) {}

    TrustMemory memory_;
    std::unique_ptr<location::DnsResolver> dns_;
    std::optional<location::DomainDirectory> directory_;
    std::optional<location::FirstSeen> first_seen_;
};

}  // namespace satchel::node
