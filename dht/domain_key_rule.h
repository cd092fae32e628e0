// Which keys of a domain count, by what DNS says now and what this home has seen before
// (DESIGN.md section 3, "Domain keys"). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dht/dns_resolver.h"
#include "src/core/trust_memory.h"

namespace satchel::location {

struct DomainKeyVerdict {
    std::vector<DomainRecord> records;  ///< those whose key counts
    /// What is to be remembered from now on. Keys that the domain has taken out of DNS are not
    /// among them, so that a key it has given up vouches for nothing.
    std::vector<RememberedDomainKey> remembered;
    std::string alarm;  ///< the domain's keys have changed and nobody vouches for it; "" if not
    std::vector<std::string> steps;  ///< in words an admin understands
};

/// No key remembered: all of the answer's keys count from now on. An answer that DNSSEC vouches
/// for: likewise. Otherwise those that are remembered, and those for which one that counts
/// vouches. Records were found, but none counts: the alarm.
DomainKeyVerdict judge_domain_keys(std::string const& domain, TxtAnswer const& answer,
                                   std::vector<RememberedDomainKey> const& remembered,
                                   std::uint64_t now_seconds);

}  // namespace satchel::location
