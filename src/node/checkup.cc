#include "src/node/checkup.h"

#include <algorithm>
#include <array>

namespace satchel::node {

namespace {

constexpr std::uint64_t day = 24 * 3600;
constexpr std::uint64_t renewal_days = 14;
constexpr std::uint64_t clock_fine = 30;   // seconds
constexpr std::uint64_t clock_most = 110;  // records count from 2 minutes before their time
constexpr std::uint64_t disk_least = 1ULL << 30;

std::string amount(std::uint64_t bytes) {
    std::uint64_t const mib = bytes >> 20;
    return mib < 10'240 ? std::to_string(mib) + " MiB" : std::to_string(mib >> 10) + " GiB";
}

std::string list_of(std::vector<Endpoint> const& endpoints) {
    std::string text;
    for (Endpoint const& endpoint : endpoints)
        text += (text.empty() ? "" : ", ") + endpoint.to_string();
    return text;
}

/// "in 50 min", from now to a time of the Unix clock.
std::string from_now(std::uint64_t when, std::uint64_t now) {
    std::uint64_t const minutes = when > now ? (when - now + 59) / 60 : 0;
    return "in " + std::to_string(minutes) + " min";
}

template <class Range, class Item>
bool holds(Range const& range, Item const& item) {
    return std::find(range.begin(), range.end(), item) != range.end();
}

}  // namespace

char const* to_string(Health health) {
    static constexpr std::array names = {"ok", "warning", "failure", "unknown"};
    return names.at(static_cast<std::size_t>(health));
}

Finding judge_domain(std::string const& domain, location::DomainFacts const& facts,
                     std::optional<DomainKey> const& held, std::uint64_t now_seconds) {
    Finding finding{"dns " + domain, Health::ok, "", ""};
    std::string const publish = "publish the TXT record that `satchel domain dns " + domain +
                                "` prints, and wait until its old one has run out";
    if (!facts.alarm.empty()) {
        finding.health = Health::failure;
        finding.words = facts.alarm;
        finding.advice = "ask the domain's admin; if the change is meant, `satchel domain forget " +
                         domain + "`";
    } else if (held && !facts.keys.empty() && !holds(facts.keys, *held)) {
        finding.health = Health::failure;
        finding.words = "it names another key than the domain key in this home";
        finding.advice = publish;
        if (facts.counts_until > now_seconds) {
            finding.words += "; that one vouches until DNS is asked again, " +
                             from_now(facts.counts_until, now_seconds);
        }
    } else if (!facts.temporary.empty()) {
        finding.health = Health::warning;
        finding.words = facts.temporary;
        finding.advice = "see whether this machine can resolve names, or set trust.resolver";
    } else if (facts.keys.empty()) {
        finding.health = held ? Health::failure : Health::warning;
        finding.words = "no key: only contacts will believe what its users publish";
        finding.advice = held ? publish : "ask the domain's admin for a Satchel record in DNS";
    } else {
        finding.words = facts.steps.empty() ? "its keys are known" : facts.steps.back();
    }
    return finding;
}

Finding judge_binding(Address const& address, BindingFacts const& facts,
                      std::uint64_t now_seconds) {
    Finding finding{"binding " + address.text(), Health::ok, "", ""};
    std::string const enroll = "`satchel enroll " + address.text() + "`";
    if (!facts.published) {
        finding.health = Health::warning;
        finding.words = "not published: nobody finds storage for it";
        finding.advice = enroll + ", then `satchel publish --address " + address.text() + "`";
    } else if (!facts.binding) {
        finding.health = Health::warning;
        finding.words = "its domain does not vouch for it: only contacts believe the record";
        finding.advice = enroll;
    } else if (facts.binding->expires <= now_seconds) {
        finding.health = Health::failure;
        finding.words = "has expired";
        finding.advice = enroll;
    } else if (!facts.domain_keys.empty() && !holds(facts.domain_keys, facts.binding->domain_key)) {
        bool const newer = facts.answered != 0 && facts.binding->issued >= facts.answered;
        finding.health = newer ? Health::warning : Health::failure;
        finding.words = newer ? "made by a newer key than DNS named when it was asked; until it is "
                                "asked again the old one vouches"
                              : "made by a key that is no longer one of the domain's";
        finding.advice = newer ? "look again " + from_now(facts.counts_until, now_seconds) : enroll;
    } else {
        std::uint64_t const days = (facts.binding->expires - now_seconds) / day;
        finding.words = "good for " + std::to_string(days) + " more days";
        if (days < renewal_days) {
            finding.health = Health::warning;
            finding.advice = enroll + ": it should have been renewed by now";
        }
    }
    return finding;
}

Finding judge_record(LookupReport const& report) {
    Finding finding{"lookup " + report.address.text(), Health::ok, "", ""};
    if (!report.alarm.empty() || !report.trusted) {
        finding.health = Health::failure;
        finding.words = report.alarm.empty() ? report.reason : report.alarm;
        std::string const address = report.address.text();
        finding.advice = "`satchel lookup " + address + " -v` shows each step";
        if (report.alarm.empty() && !report.storage && report.conclusive)
            finding.advice += "; `satchel enroll " + address + "` has its domain vouch for it";
    } else if (!report.available) {
        finding.health = Health::failure;
        finding.words = "found, but no storage is available: " + report.reason;
        finding.advice = "start the node that stores for it";
    } else {
        finding.words = std::string("found and available, trust ") + to_string(report.trust);
    }
    return finding;
}

Finding judge_clock(std::optional<std::int64_t> ahead) {
    Finding finding{"clock", Health::ok, "", ""};
    if (!ahead) {
        finding.health = Health::unknown;
        finding.words = "no other node could be asked";
        return finding;
    }
    // The other node may say what it likes: the least number has no positive counterpart.
    auto const distance = static_cast<std::uint64_t>(*ahead);
    std::uint64_t const off = *ahead < 0 ? 0 - distance : distance;
    if (off <= clock_fine) {
        finding.words = "agrees with another node's to " + std::to_string(off) + " s";
        return finding;
    }
    finding.health = off <= clock_most ? Health::warning : Health::failure;
    finding.words = std::to_string(off) + " s " + (*ahead > 0 ? "behind" : "ahead of") +
                    " another node's: beyond 2 minutes nobody believes our records";
    finding.advice = "let the system keep time (`timedatectl set-ntp true`)";
    return finding;
}

Finding judge_disk(std::uint64_t free, std::uint64_t quota_left) {
    Finding finding{"disk", Health::ok,
                    amount(free) + " free, the quota allows " + amount(quota_left) + " more", ""};
    if (free < disk_least || quota_left < disk_least) {
        finding.health = Health::failure;
        finding.advice = free < disk_least ? "make room, or move node.storage_dir to a larger disk"
                                           : "`satchel rm` what is not needed, or raise node.quota";
    } else if (free < quota_left) {
        finding.health = Health::warning;
        finding.advice = "lower node.quota, or make room: the disk is full before the quota is";
    }
    return finding;
}

Finding judge_control(std::vector<Endpoint> const& endpoints, bool pull_only,
                      std::optional<Reach> const& reach) {
    Finding finding{"control port", Health::ok, "", ""};
    if (pull_only) {
        finding.words = "not published: this node fetches what is for it";
        return finding;
    }
    if (endpoints.empty()) {
        finding.health = Health::failure;
        finding.words = "no interface is up";
        finding.advice = "set node.advertise";
        return finding;
    }
    std::string const port = std::to_string(endpoints.front().port);
    if (!reach) {
        finding.health = Health::unknown;
        finding.words = "published at " + list_of(endpoints) + "; no other node could be asked";
        finding.advice =
            "name a gateway that answers (node.incoming_gateway), or publish a second node";
    } else if (!reach->answer.control.empty()) {
        finding.words = "reached at " + list_of(reach->answer.control) + " by " + reach->by;
    } else {
        finding.health = Health::failure;
        finding.words =
            "not reached by " + reach->by + ", which sees us at " + reach->answer.seen_ip;
        finding.advice = "let TCP port " + port +
                         " through the firewall and router and set node.advertise = [\"" +
                         reach->answer.seen_ip + "\"], or set node.expose = \"pull-only\"";
    }
    return finding;
}

Finding judge_swarm(std::vector<Endpoint> const& endpoints, std::optional<Reach> const& reach) {
    Finding finding{"swarm port", Health::ok, "", ""};
    if (endpoints.empty()) {
        finding.health = Health::failure;
        finding.words = "the swarm does not listen";
        finding.advice =
            "see what the node's log says of it; is another program on its port? "
            "(node.swarm_listen)";
    } else if (!reach) {
        finding.health = Health::unknown;
        finding.words = "published at " + list_of(endpoints) + "; no other node could be asked";
    } else if (!reach->answer.swarm.empty()) {
        finding.words = "reached at " + list_of(reach->answer.swarm) + " by " + reach->by;
    } else {
        finding.health = Health::failure;
        finding.words = "not reached by " + reach->by;
        finding.advice = "let TCP port " + std::to_string(endpoints.front().port) +
                         " through the firewall and router, or set node.swarm_listen = \"none\": "
                         "all blobs come directly then";
    }
    return finding;
}

Finding judge_dht(location::LocationStats const& stats, std::uint16_t port, bool knows_somebody,
                  std::optional<Reach> const& reach) {
    Finding finding{"dht", Health::ok, std::to_string(stats.good_nodes) + " nodes answer", ""};
    if (stats.good_nodes == 0) {
        finding.health = knows_somebody ? Health::failure : Health::warning;
        finding.words = knows_somebody ? "none of the nodes that were called answers"
                                       : "alone: this node knows of no other";
        finding.advice = knows_somebody
                             ? "let UDP port " + std::to_string(port) + " through the firewall"
                             : "name some nodes in node.dht_bootstrap, or the domain in its DNS "
                               "record (`satchel domain dns --dht`)";
    } else if (reach && reach->answer.dht.empty()) {
        finding.health = Health::warning;
        finding.words += "; " + reach->by + " can't reach ours";
        finding.advice = "let UDP port " + std::to_string(port) +
                         " through the firewall and router: records are found sooner";
    } else if (reach) {
        finding.words += "; ours was reached by " + reach->by;
    }
    return finding;
}

Finding judge_gateway(std::string const& domain, std::optional<Status> const& said) {
    Finding finding{"gateway " + domain, Health::ok, "", ""};
    if (!said) {
        finding.health = Health::warning;
        finding.words = "none is named: while all nodes are off, nothing is kept for them";
        finding.advice =
            "the admin names it in DNS (`satchel domain dns --gateway`), or set "
            "node.incoming_gateway and its key";
    } else if (!*said) {
        finding.health = Health::failure;
        finding.words = "does not answer: " + said->error().what;
        finding.advice = "see whether it runs, and whether its port is open";
    } else {
        finding.words = "answers";
    }
    return finding;
}

}  // namespace satchel::node
