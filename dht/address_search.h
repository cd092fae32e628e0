// What an address resolver knows of one lookup under way. Private to it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dht/address_resolver.h"
#include "dht/wake_up.h"

namespace satchel::location {

/// A node's presence that is being asked for.
struct PresenceAhead {
    StorageNode node;
    WakeUp come;
    std::optional<Result<PresenceRecord>> answer{};
};

struct AddressSearch {
    Address address;  ///< whose record is looked for
    TrustInputs trust;
    ResolveOptions options;
    LookupReport report;
    WakeUp::Ticks until{};
    Locator locator{};
    std::optional<StorageFinding> found{};
    std::string untrusted{};    ///< why a record that exists does not count
    bool silent = false;        ///< some slot gave no answer
    bool stale_secret = false;  ///< some presence did not open
    /// Asked for before the record that names the nodes was there.
    std::map<NodeKey, std::shared_ptr<PresenceAhead>> ahead{};

    void step(std::string words) { report.steps.push_back(std::move(words)); }

    void raise(std::string alarm) { untrusted = report.alarm = std::move(alarm); }

    std::chrono::milliseconds patience() const {
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        return std::max(left, std::chrono::milliseconds(1));
    }

    bool stores() const { return found && found->state == StorageFinding::State::stores; }

    bool revoked() const { return found && found->state == StorageFinding::State::revoked; }

    void name_slot(std::uint64_t slot) {
        if (std::ranges::find(report.slots, slot) == report.slots.end())
            report.slots.push_back(slot);
    }

    /// What the record found says, but of its nodes.
    void describe() {
        report.storage = true;
        report.trust = found->trust;
        report.trusted = report.trust >= trust.minimum;
        report.user_key = UserKey(found->envelope.signer);
        report.age_recipient = found->record->age_recipient;
        report.accept = found->record->accept;
        report.record = encode_record(found->envelope);
        report.page = found->record->page;
        report.gateway = found->record->gateway;
    }

    /// In words, where it does not store.
    std::string why_nothing() const {
        if (revoked()) return "the domain has revoked the storage record";
        if (found) return "the storage record was withdrawn";
        if (!untrusted.empty()) return untrusted;
        return silent ? "no answer from the DHT" : "no storage record";
    }

    void consider(StorageFinding finding);

    LookupReport take(std::string reason) {
        report.reason = std::move(reason);
        bool const told = !report.steps.empty() && report.steps.back().ends_with(report.reason);
        if (!report.reason.empty() && !told) step(report.reason);
        return std::move(report);
    }
};

/// Apart from the search: what comes late must not touch an answer that was given.
struct AddressLooks {
    std::vector<StorageNode> nodes;
    std::vector<NodeReport> reports{};
    bool available = false;
    bool stale_secret = false;
};

}  // namespace satchel::location
