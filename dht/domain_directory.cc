#include "dht/domain_directory.h"

#include <algorithm>

#include "dht/domain_key_rule.h"

namespace satchel::location {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::chrono::seconds shortest = 60s;
constexpr std::chrono::seconds longest = 24h;
constexpr std::chrono::seconds no_record = 5min;
constexpr std::chrono::seconds failure = 30s;
constexpr std::size_t alarms_most = 4'096;

std::chrono::seconds kept_for(Result<TxtAnswer> const& outcome) {
    if (outcome) return std::clamp(std::chrono::seconds(outcome->ttl), shortest, longest);
    return outcome.error().fault == Fault::not_found ? no_record : failure;
}

/// What several good records say together.
void add(DomainFacts& facts, DomainRecord const& record) {
    facts.keys.push_back(record.key);
    for (PublicKey const& key : record.gateway_keys) {
        auto& keys = facts.gateway_keys;
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    if (facts.gateway.empty() && record.gateway) facts.gateway = record.gateway->to_string();
    for (HostPort const& at : record.dht_bootstrap) {
        auto& nodes = facts.dht_bootstrap;
        if (std::find(nodes.begin(), nodes.end(), at) == nodes.end()) nodes.push_back(at);
    }
}

DomainFacts configured_facts(std::string const& domain, DomainSettings settings) {
    DomainFacts facts;
    facts.keys = std::move(settings.keys);
    facts.gateway_keys = std::move(settings.gateway_keys);
    facts.gateway = std::move(settings.gateway);
    facts.steps.push_back("the settings say what counts for " + domain + ": " +
                          (facts.keys.empty() ? "no key" : "its keys") + "; DNS is not asked");
    return facts;
}

/// What was seen before counts where nobody can be asked.
void use_memory(DomainFacts& facts, std::vector<RememberedDomainKey> const& remembered,
                Error const& error) {
    bool const refused = error.fault == Fault::untrusted;  // an answer came, but a false one
    facts.temporary = (refused ? "" : "no answer from DNS: ") + error.what;
    facts.steps.push_back(facts.temporary);
    for (RememberedDomainKey const& key : remembered) {
        add(facts, key.record);
        facts.steps.push_back("key " + key.record.key.short_form() +
                              " was seen before, and counts until DNS " +
                              (refused ? "can be believed" : "answers"));
    }
}

}  // namespace

asio::awaitable<std::shared_ptr<DomainDirectory::Outcome const>> DomainDirectory::ask(
    std::string domain) {
    if (Known const* const known = known_.find(domain); known && steady_clock::now() < known->until)
        co_return known->outcome;
    if (auto const under_way = asking_.find(domain); under_way != asking_.end()) {
        auto const asking = under_way->second;
        auto const wake = std::make_shared<WakeUp>(world_.owner.get_executor());
        asking->waiting.push_back(wake);
        while (!asking->outcome)
            co_await wake->wait_for(60s);
        co_return asking->outcome;
    }
    auto const asking = std::make_shared<Asking>();
    asking_.emplace(domain, asking);
    auto answer = co_await world_.dns->txt(domain_record_name(domain));
    auto const outcome = std::make_shared<Outcome const>(std::move(answer));
    asking_.erase(domain);
    auto const kept = kept_for(*outcome);
    auto const now = world_.clock.unix_seconds();
    known_.put(domain, {outcome, steady_clock::now() + kept, now,
                        now + static_cast<std::uint64_t>(kept.count())});
    asking->outcome = outcome;
    for (auto const& wake : asking->waiting)
        wake->notify();
    co_return outcome;
}

void DomainDirectory::tell_alarm(std::string const& domain, std::string const& alarm) {
    if (alarm.empty()) {
        alarmed_.erase(domain);
    } else if (alarmed_.size() < alarms_most && alarmed_.insert(domain).second) {
        world_.log.warning("domain_key_changed", {{"domain", domain}, {"reason", alarm}});
    }
}

asio::awaitable<void> DomainDirectory::judge(std::string const& domain, TxtAnswer const& answer,
                                             std::vector<RememberedDomainKey> remembered,
                                             DomainFacts& facts) {
    auto verdict = judge_domain_keys(domain, answer, remembered, world_.clock.unix_seconds());
    facts.steps.insert(facts.steps.end(), verdict.steps.begin(), verdict.steps.end());
    facts.dnssec = answer.dnssec;
    facts.has_spoken = !remembered.empty() || !answer.texts.empty();
    tell_alarm(domain, verdict.alarm);
    facts.alarm = std::move(verdict.alarm);
    if (verdict.remembered != remembered) {
        auto remember = [this, domain, keys = std::move(verdict.remembered)] {
            return world_.memory.remember_domain(domain, keys);
        };
        auto const done = co_await world_.workers.await(std::move(remember));
        // What can't be remembered would be new again each time, and so open to anybody.
        if (!done) {
            facts.steps.push_back("none counts: they can't be remembered: " + done.error().what);
            world_.log.error("trust_memory", {{"reason", done.error().what}});
            co_return;
        }
    }
    for (DomainRecord const& record : verdict.records)
        add(facts, record);
}

asio::awaitable<DomainFacts> DomainDirectory::facts_of(std::string domain,
                                                       std::optional<DomainSettings> configured) {
    if (configured) co_return configured_facts(domain, std::move(*configured));
    DomainFacts facts;
    if (domain.starts_with('[')) co_return facts;
    if (world_.dns == nullptr) {
        facts.steps.emplace_back("DNS is not asked: trust.resolver is \"none\"");
        co_return facts;
    }
    auto const outcome = co_await ask(domain);
    auto look = [this, domain] { return world_.memory.domain_keys(domain); };
    auto remembered = co_await world_.workers.await(std::move(look));
    facts.has_spoken = !remembered || !remembered->empty();
    if (!remembered) {
        facts.steps.push_back("no key counts: " + remembered.error().what);
        world_.log.error("trust_memory", {{"reason", remembered.error().what}});
        co_return facts;
    }
    if (Known const* const known = known_.find(domain); known && *outcome) {
        facts.answered = known->answered;
        facts.counts_until = known->counts_until;
    }
    if (*outcome) {
        co_await judge(domain, **outcome, std::move(*remembered), facts);
    } else if (outcome->error().fault == Fault::not_found) {
        facts.steps.push_back(domain_record_name(domain) + ": " + outcome->error().what);
        if (!remembered->empty())
            facts.steps.push_back(domain + " had a key once, which is still remembered");
    } else {
        use_memory(facts, *remembered, outcome->error());
    }
    co_return facts;
}

}  // namespace satchel::location
