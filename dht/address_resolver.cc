#include "dht/address_resolver.h"

#include <algorithm>
#include <optional>

#include "dht/address_search.h"
#include "dht/side_by_side.h"
#include "src/core/binding.h"

namespace satchel::location {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto other_slots_grace = 30ms;    // after the first slot has answered
constexpr std::size_t claimants_most = 64;  // that are looked at for `first-seen`

/// Of two slots of one address: epochs of different owners don't compare, times do.
bool outranks(StorageFinding const& a, StorageFinding const& b) {
    if (a.trust != b.trust) return a.trust > b.trust;
    if (a.envelope.slot_owner == b.envelope.slot_owner) return supersedes(a.envelope, b.envelope);
    return a.envelope.seq > b.envelope.seq;
}

std::string no_key_reason(Address const& address) {
    return "no key vouches for " + address.domain() +
           ": its admin can publish one (`satchel domain dns`), or set domain.\"" +
           address.domain() + "\".keys, or `satchel contact add` the user key";
}

}  // namespace

std::optional<StorageFinding> AddressResolver::seen_before(Search& search,
                                                           RecordPlace const& place) {
    auto const now = clock_.unix_seconds();
    RecordEnvelope const* const seen = seen_.living(place, now);
    if (seen == nullptr) return std::nullopt;
    // Judged anew: what we trust may have changed since.
    auto finding = believe_storage(*seen, search.locator.seal, search.address, search.trust, now);
    if (!finding) return std::nullopt;
    search.step("the record seen before counts until it expires");
    return std::move(*finding);
}

void AddressSearch::consider(StorageFinding finding) {
    if (!found || outranks(finding, *found)) found = std::move(finding);
}

asio::awaitable<void> AddressResolver::ask_slot(SearchPtr search, PublicKey owner) {
    FetchRequest request;
    request.place = {search->locator.key, RecordKind::storage, slot_id(owner)};
    request.patience = search->patience();
    auto const place = request.place;
    auto const judged = [this, search](RecordEnvelope const& envelope) {
        return believe_storage(envelope, search->locator.seal, search->address, search->trust,
                               clock_.unix_seconds());
    };
    request.judge = [this, judged](RecordEnvelope const& envelope) -> Status {
        if (auto newest = seen_.allows(envelope); !newest) return newest;
        auto finding = judged(envelope);
        return finding ? Status{} : Status(fail(finding.error()));
    };
    auto const fetched = co_await service_.fetch(std::move(request));
    std::string const name =
        "slot " + std::to_string(place.slot) + " of " + owner.short_form() + ": ";
    if (fetched) {
        if (auto finding = judged(*fetched)) {
            seen_.remember(*fetched);
            search->step(name + "a record, trust " + to_string(finding->trust));
            search->consider(std::move(*finding));
            co_return;
        }
    }
    Error const error = fetched ? Error{Fault::corrupt, "no record counts"} : fetched.error();
    search->step(name + error.what);
    if (error.fault == Fault::untrusted) search->untrusted = error.what;
    if (worth_retrying(error.fault)) search->silent = true;
    if (auto finding = seen_before(*search, place)) search->consider(std::move(*finding));
}

asio::awaitable<void> AddressResolver::locate(SearchPtr search) {
    search->locator = co_await locators_.locator_of(search->address);
    search->report.dht_key = search->locator.key;
    search->step("the record of " + search->address.text() + " lies at " +
                 search->locator.key.to_hex());
}

asio::awaitable<Result<std::vector<UserKey>>> AddressResolver::claimants(SearchPtr search) {
    CollectRequest request;
    request.key = search->locator.key;
    request.values_max = claimants_most;
    request.patience = search->patience();
    auto const records = co_await service_.collect(std::move(request));
    if (!records) co_return fail(records.error());
    std::vector<UserKey> keys;
    for (RecordEnvelope const& envelope : *records) {
        if (!envelope.self_owned()) continue;
        TrustInputs inputs;
        inputs.first_seen = UserKey(envelope.signer);
        auto const claim = believe_storage(envelope, search->locator.seal, search->address, inputs,
                                           clock_.unix_seconds());
        if (claim) keys.push_back(*inputs.first_seen);
    }
    search->step(std::to_string(records->size()) + " records lie there, " +
                 std::to_string(keys.size()) + " of them claim the address");
    co_return keys;
}

asio::awaitable<void> AddressResolver::find_first_seen(SearchPtr search) {
    co_await locate(search);
    auto claiming = co_await claimants(search);
    if (!claiming) {
        // Who else claims it can't be known now, so what was seen before doesn't count either.
        search->step(claiming.error().what);
        search->silent = true;
        co_return;
    }
    auto const verdict =
        co_await first_seen_->settle(search->address, std::move(*claiming), clock_.unix_seconds());
    if (!verdict) {
        search->untrusted = "no key counts: " + verdict.error().what;
        co_return;
    }
    if (!verdict->alarm.empty()) {
        search->raise(verdict->alarm);
        co_return;
    }
    search->trust.first_seen = verdict->counts;
    if (!verdict->counts) co_return;
    search->step("key " + verdict->counts->short_form() +
                 (verdict->is_new ? " is the first seen for it, and remembered from now on"
                                  : " is the one seen first"));
    search->name_slot(slot_id(*verdict->counts));
    co_await ask_slot(search, *verdict->counts);
}

asio::awaitable<void> AddressResolver::find_record(SearchPtr search) {
    if (!search->trust.has_keys()) {
        co_await find_first_seen(search);
        co_return;
    }
    co_await locate(search);
    std::vector<PublicKey> owners(search->trust.domain_keys.begin(),
                                  search->trust.domain_keys.end());
    if (search->trust.pinned) owners.push_back(*search->trust.pinned);
    auto const executor = co_await asio::this_coro::executor;
    SideBySide slots(executor);
    for (PublicKey const& owner : owners) {
        search->name_slot(slot_id(owner));
        look_ahead(search, owner, executor);
        slots.start([this, search, owner] { return ask_slot(search, owner); });
    }
    std::optional<WakeUp::Ticks> enough;
    std::function<WakeUp::Ticks()> until = [search, &enough] {
        if (search->found && !enough) enough = steady_clock::now() + other_slots_grace;
        return enough ? std::min(*enough, search->until) : search->until + other_slots_grace;
    };
    if (!co_await slots.wait(std::move(until))) search->silent = true;
}

asio::awaitable<void> AddressResolver::find_without_subaddress(SearchPtr search,
                                                               TrustFor trust_for) {
    auto const plain = search->address.without_subaddress();
    if (!plain || search->found || search->silent || !search->untrusted.empty()) co_return;
    auto trust = co_await trust_for(*plain);
    // At level `first-seen` nobody says whether subaddresses are one user's.
    if (!trust.has_keys()) co_return;
    search->address = *plain;
    search->trust = std::move(trust);
    co_await find_record(search);
    if (!search->found) co_return;
    auto const& record = search->found->record;
    if (record && record->binding && record->binding->subaddress == "+") {
        search->report.storage_address = *plain;
        co_return;
    }
    search->step("the domain does not let " + plain->text() + " stand for its subaddresses");
    search->found.reset();
}

asio::awaitable<LookupReport> AddressResolver::resolve(Address address, TrustFor trust_for,
                                                       ResolveOptions options) {
    auto const search = std::make_shared<Search>(
        Search{.address = address,
               .trust = {},
               .options = options,
               .report = LookupReport{.address = address, .storage_address = address}});
    search->until = steady_clock::now() + options.patience;
    LookupReport& report = search->report;
    if (address.is_literal()) co_return search->take("an address literal has no storage");
    search->trust = co_await trust_for(address);
    for (std::string const& step : search->trust.steps)
        search->step(step);
    bool const keyless = !search->trust.has_keys();
    if (keyless && !search->trust.alarm.empty()) {
        report.alarm = search->trust.alarm;
        co_return search->take(report.alarm);
    }
    // Where DNS may yet name a key, nobody is taken at their own word.
    bool const enumerable = first_seen_ != nullptr && search->trust.temporary.empty() &&
                            !search->trust.domain_has_spoken &&
                            search->trust.minimum == Trust::first_seen;
    if (keyless && !enumerable) {
        report.conclusive = search->trust.temporary.empty();
        co_return search->take(report.conclusive ? no_key_reason(address)
                                                 : search->trust.temporary);
    }
    co_await find_record(search);
    co_await find_without_subaddress(search, trust_for);
    if (!search->stores()) {
        report.storage = !search->found && !search->untrusted.empty();
        report.revoked = search->revoked();
        bool const all_asked = !search->silent && search->trust.temporary.empty();
        report.conclusive = search->found || !search->untrusted.empty() || all_asked;
        co_return search->take(search->why_nothing());
    }
    search->describe();
    if (!report.trusted) {
        co_return search->take(std::string("trust is ") + to_string(report.trust) +
                               ", the minimum here is " + to_string(search->trust.minimum));
    }
    co_await look_at_nodes(search);
    if (search->stale_secret && !report.available) {
        // The node has a new secret, then: there must be a newer storage record, too.
        auto const before = search->found->envelope;
        co_await find_record(search);
        if (search->stores() && search->found->envelope != before) {
            search->describe();
            co_await look_at_nodes(search);
        }
    }
    co_return search->take(report.available ? "" : report.nodes.front().reason);
}

}  // namespace satchel::location
