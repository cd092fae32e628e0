#include "dht/address_resolver.h"

#include <algorithm>

#include "src/core/binding.h"

namespace satchel::location {

namespace {

constexpr std::size_t remembered_max = 4'096;

/// Makes room for one more: any will do, a lookup brings it back.
template <class Map>
void bound(Map& map) {
    if (map.size() >= remembered_max) map.erase(map.begin());
}

bool outranks(StorageFinding const& a, StorageFinding const& b) {
    if (a.trust != b.trust) return a.trust > b.trust;
    return supersedes(a.envelope, b.envelope);
}

}  // namespace

struct AddressResolver::Search {
    Address address;  ///< whose record is looked for
    TrustInputs trust;
    ResolveOptions options;
    LookupReport report;
    Locator locator{};
    std::optional<StorageFinding> found{};
    std::string untrusted{};  ///< why a record that exists does not count

    void step(std::string words) { report.steps.push_back(std::move(words)); }
};

asio::awaitable<Locator> AddressResolver::locator_of(Address const& address) {
    if (auto const known = locators_.find(address.text()); known != locators_.end()) {
        co_return known->second;
    }
    auto work = [address] { return locate(address); };
    Locator const locator = co_await workers_.await(std::move(work));
    bound(locators_);
    locators_[address.text()] = locator;
    co_return locator;
}

StorageFinding const* AddressResolver::remembered(SlotName const& name) {
    auto const it = findings_.find(name);
    if (it == findings_.end()) return nullptr;
    if (it->second.envelope.expires > clock_.unix_seconds()) return &it->second;
    findings_.erase(it);
    return nullptr;
}

StorageFinding const* AddressResolver::remember(SlotName const& name, StorageFinding finding) {
    StorageFinding const* const held = remembered(name);
    if (held != nullptr && !supersedes(finding.envelope, held->envelope)) return held;
    bound(findings_);
    return &(findings_[name] = std::move(finding));
}

asio::awaitable<void> AddressResolver::ask_slot(Search& search, PublicKey owner) {
    std::uint64_t const slot = slot_id(owner);
    search.report.slots.push_back(slot);
    std::optional<StorageFinding> believed;
    FetchRequest request;
    request.place = {search.locator.key, RecordKind::storage, slot};
    request.patience = search.options.patience;
    request.judge = [&](RecordEnvelope const& envelope) -> Status {
        auto finding = believe_storage(envelope, search.locator.seal, search.address, search.trust,
                                       clock_.unix_seconds());
        if (!finding) return fail(finding.error());
        if (!believed || supersedes(finding->envelope, believed->envelope))
            believed = std::move(*finding);
        return {};
    };
    auto const fetched = co_await service_.fetch(std::move(request));
    SlotName const name{search.address.text(), slot};
    StorageFinding const* finding = nullptr;
    if (fetched && believed) {
        finding = remember(name, std::move(*believed));
        search.step("slot " + std::to_string(slot) + " of " + owner.short_form() +
                    ": a record, trust " + to_string(finding->trust));
    } else {
        Error const error = fetched ? Error{Fault::corrupt, "no record counts"} : fetched.error();
        search.step("slot " + std::to_string(slot) + " of " + owner.short_form() + ": " +
                    error.what);
        if (error.fault == Fault::untrusted) search.untrusted = error.what;
        if (worth_retrying(error.fault)) search.report.conclusive = false;
        // A record that was seen counts until it expires, whatever the network says now. It was
        // believed under the trust of that time: judge it anew.
        if (StorageFinding const* const held = remembered(name)) {
            auto const again = believe_storage(held->envelope, search.locator.seal, search.address,
                                               search.trust, clock_.unix_seconds());
            if (again) {
                finding = held;
                search.step("the record seen before counts until it expires");
            }
        }
    }
    if (finding != nullptr && (!search.found || outranks(*finding, *search.found))) {
        search.found = *finding;
    }
}

asio::awaitable<void> AddressResolver::find_record(Search& search) {
    search.locator = co_await locator_of(search.address);
    search.report.dht_key = search.locator.key;
    search.step("record of " + search.address.text() + " lies at " + search.locator.key.to_hex());
    for (DomainKey const& key : search.trust.domain_keys)
        co_await ask_slot(search, key);
    bool const pinned_found = search.found && search.found->trust == Trust::pinned;
    if (search.trust.pinned && !pinned_found) co_await ask_slot(search, *search.trust.pinned);
}

asio::awaitable<NodeReport> AddressResolver::look_at(Search& search, StorageNode const& node) {
    NodeReport report;
    report.node_key = node.node_key;
    report.priority = node.priority;
    std::optional<PresenceRecord> presence;
    FetchRequest request;
    request.place = {presence_key(node.node_key), RecordKind::presence, slot_id(node.node_key)};
    request.patience = search.options.patience;
    std::uint64_t newest = 0;
    request.judge = [&](RecordEnvelope const& envelope) -> Status {
        auto opened = believe_presence(envelope, node);
        if (!opened) return fail(opened.error());
        if (!presence || envelope.seq > newest) {
            presence = std::move(*opened);
            newest = envelope.seq;
        }
        return {};
    };
    auto const fetched = co_await service_.fetch(std::move(request));
    std::string const name = "node " + node.node_key.short_form() + ": ";
    if (!fetched || !presence) {
        bool const none = !fetched && fetched.error().fault == Fault::not_found;
        report.reason = none      ? "not heard of lately: it is off, or was never reached"
                        : fetched ? "its presence does not open"
                                  : fetched.error().what;
        search.step(name + report.reason);
        co_return report;
    }
    report.endpoints = presence->control;
    report.pull_only = presence->pull_only;
    if (!presence->available) {
        report.reason = "it said that it is going offline";
    } else if (presence->control.empty()) {
        report.reason = "it publishes no endpoint";
    } else if (search.options.ping) {
        auto endpoints = presence->control;
        auto const answered = co_await pinger_.ping(node.node_key, std::move(endpoints));
        if (!answered) report.reason = "no answer to a ping: " + answered.error().what;
    }
    report.available = report.reason.empty();
    search.step(name + (report.available
                            ? search.options.ping ? "present, and it answers" : "present"
                            : report.reason));
    co_return report;
}

asio::awaitable<void> AddressResolver::look_at_nodes(Search& search, bool records_are_fresh) {
    auto nodes = search.found->record->nodes;
    std::sort(nodes.begin(), nodes.end(),
              [](StorageNode const& a, StorageNode const& b) { return a.priority < b.priority; });
    search.report.nodes.clear();
    bool stale_secret = false;
    for (StorageNode const& node : nodes) {
        auto report = co_await look_at(search, node);
        stale_secret = stale_secret || report.reason == "its presence does not open";
        search.report.available = search.report.available || report.available;
        search.report.nodes.push_back(std::move(report));
    }
    if (!stale_secret || search.report.available || records_are_fresh) co_return;
    // The node has a new secret, then: the storage record must be newer, too.
    co_await find_record(search);
    if (search.found && search.found->record) co_await look_at_nodes(search, true);
}

asio::awaitable<LookupReport> AddressResolver::resolve(Address address, TrustFor trust_for,
                                                       ResolveOptions options) {
    Search search{.address = address,
                  .trust = trust_for(address),
                  .options = options,
                  .report = LookupReport{.address = address, .storage_address = address}};
    LookupReport& report = search.report;
    if (address.is_literal()) {
        report.reason = "an address literal has no storage";
        co_return std::move(search.report);
    }
    if (search.trust.domain_keys.empty() && !search.trust.pinned) {
        report.reason = "no key vouches for " + address.domain() + ": set domain.\"" +
                        address.domain() + "\".keys, or `satchel contact add` the user key";
        search.step(report.reason);
        co_return std::move(search.report);
    }
    co_await find_record(search);
    if (auto const plain = address.without_subaddress(); plain && !search.found) {
        search.address = *plain;
        search.trust = trust_for(*plain);
        co_await find_record(search);
        bool const granted = search.found && search.found->record &&
                             search.found->record->binding &&
                             search.found->record->binding->subaddress == "+";
        if (!granted) search.found.reset();
        if (granted) report.storage_address = *plain;
    }
    if (!search.found || !search.found->record ||
        search.found->state != StorageFinding::State::stores) {
        report.storage = !search.untrusted.empty();
        report.reason = search.found                ? "the storage record was withdrawn"
                        : !search.untrusted.empty() ? search.untrusted
                        : report.conclusive         ? "no storage record"
                                                    : "no answer from the DHT";
        co_return std::move(search.report);
    }
    StorageRecord const& record = *search.found->record;
    report.storage = true;
    report.conclusive = true;
    report.trust = search.found->trust;
    report.trusted = report.trust >= search.trust.minimum;
    report.age_recipient = record.age_recipient;
    report.user_key = UserKey(search.found->envelope.signer);
    report.accept = record.accept;
    report.page = record.page;
    if (!report.trusted) {
        report.reason = std::string("trust is ") + to_string(report.trust) +
                        ", the minimum here is " + to_string(search.trust.minimum);
        co_return std::move(search.report);
    }
    co_await look_at_nodes(search, false);
    if (!report.available) {
        report.reason =
            report.nodes.empty() ? "the record names no node" : report.nodes.front().reason;
    }
    co_return std::move(search.report);
}

}  // namespace satchel::location
