// How many pull notices a storing node keeps: so many at one inbox, and so many of one source
// there, so that a stranger can't crowd out the others. Pure; forgets what has expired.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/core/limits.h"
#include "src/core/locator.h"

namespace satchel::location {

class NoticeQuota {
public:
    explicit NoticeQuota(std::size_t total_max = 64 * 1024)
        : total_max_(total_max) {}

    /// Whether one more may be kept at `key`; notes it if so. `source`: the sender's network
    /// address in any form that tells one from another, at most some 16 octets; empty: exempt from
    /// the share of one source. `expires` as signed, in Unix seconds.
    bool take(DhtKey const& key, std::string const& source, std::uint64_t expires,
              std::uint64_t now_seconds);

    /// Of the notices counted now, expired ones that were not looked at yet among them.
    std::size_t size() const { return total_; }

private:
    struct Entry {
        std::string source;
        std::uint64_t expires = 0;
    };

    using Entries = std::vector<Entry>;

    void forget_expired(Entries& entries, std::uint64_t now_seconds);
    void sweep(std::uint64_t now_seconds);

    std::size_t total_max_;
    std::size_t total_ = 0;
    std::uint64_t next_sweep_ = 0;
    std::map<DhtKey, Entries> kept_;
};

}  // namespace satchel::location
