// What is found when a home is looked over: rules from facts to words that say what to do. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dht/domain_directory.h"
#include "dht/location_service.h"
#include "src/core/binding.h"
#include "src/core/config.h"
#include "src/core/lookup_report.h"
#include "transfer/reach_message.h"

namespace satchel::node {

enum class Health {
    ok,
    warning,  ///< works, but not for long, or not as well as it could
    failure,
    unknown,  ///< could not be tried
};

/// "ok", "warning", "failure", "unknown".
char const* to_string(Health health);

struct Finding {
    std::string check;  ///< "dns b.test", "clock", …
    Health health = Health::ok;
    std::string words;
    std::string advice{};  ///< what to do; "" where nothing need be done
};

/// What DNS or the settings say of a domain of ours. `held`: the domain key in this home, if any.
Finding judge_domain(std::string const& domain, location::DomainFacts const& facts,
                     std::optional<DomainKey> const& held, std::uint64_t now_seconds);

struct BindingFacts {
    bool published = false;
    std::optional<Binding> binding;
    std::vector<DomainKey> domain_keys;  ///< that count now; empty: not known
    std::uint64_t answered = 0;          ///< Unix seconds: when DNS named them; 0: it did not
    std::uint64_t counts_until = 0;      ///< then it is asked again
};

Finding judge_binding(Address const& address, BindingFacts const& facts, std::uint64_t now_seconds);

/// What others find when they look for our address.
Finding judge_record(LookupReport const& report);

/// Seconds that another node's clock is ahead of ours. None: nobody could be asked.
Finding judge_clock(std::optional<std::int64_t> ahead);

/// Bytes that can be written below the storage folder, and that its quota still allows.
Finding judge_disk(std::uint64_t free, std::uint64_t quota_left);

/// What another node saw of us, and who that was. None: nobody could be asked.
struct Reach {
    std::string by;
    transfer::ReachAnswer answer;
};

Finding judge_control(std::vector<Endpoint> const& endpoints, bool pull_only,
                      std::optional<Reach> const& reach);

/// `endpoints`: where the swarm listens, if it does now.
Finding judge_swarm(std::vector<Endpoint> const& endpoints, std::optional<Reach> const& reach);

Finding judge_dht(location::LocationStats const& stats, std::uint16_t port, bool knows_somebody,
                  std::optional<Reach> const& reach);

/// `said`: how it answered. None: nobody says which gateway it is.
Finding judge_gateway(std::string const& domain, std::optional<Status> const& said);

}  // namespace satchel::node
