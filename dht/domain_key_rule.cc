#include "dht/domain_key_rule.h"

#include <algorithm>

namespace satchel::location {

namespace {

using Remembered = std::vector<RememberedDomainKey>;
using Records = std::vector<DomainRecord>;

RememberedDomainKey const* find(Remembered const& keys, DomainKey const& key) {
    auto const it = std::find_if(keys.begin(), keys.end(),
                                 [&](auto const& other) { return other.record.key == key; });
    return it == keys.end() ? nullptr : &*it;
}

bool has_key(Records const& records, DomainKey const& key) {
    return std::any_of(records.begin(), records.end(),
                       [&](DomainRecord const& record) { return record.key == key; });
}

Records read(TxtAnswer const& answer, std::vector<std::string>& steps) {
    Records records;
    for (std::string const& text : answer.texts) {
        auto record = DomainRecord::parse(text);
        if (!record) {
            bool const ours = record.error().fault == Fault::corrupt;
            steps.push_back(ours ? "a record is damaged: " + record.error().what
                                 : "a record there is not Satchel's");
        } else if (has_key(records, record->key)) {
            steps.push_back("a second record of the key " + record->key.short_form() +
                            " is passed over");
        } else {
            records.push_back(std::move(*record));
        }
    }
    return records;
}

/// Moves those that count from `waiting` to the end of `counting`, until none follows another.
void take_vouched(std::string const& domain, Remembered const& remembered, Records& waiting,
                  DomainKeyVerdict& verdict) {
    auto const counts = [&](DomainRecord const& record) {
        if (find(remembered, record.key) != nullptr) {
            verdict.steps.push_back("key " + record.key.short_form() + " is remembered");
            return true;
        }
        if (!record.vouch) return false;
        DomainKey const& by = record.vouch->by;
        bool const known = find(remembered, by) != nullptr || has_key(verdict.records, by);
        if (!known || !vouch_holds(*record.vouch, record.key, domain)) return false;
        verdict.steps.push_back("key " + record.key.short_form() + " is new; the key " +
                                by.short_form() + " vouches for it");
        return true;
    };
    for (;;) {
        auto const next = std::find_if(waiting.begin(), waiting.end(), counts);
        if (next == waiting.end()) return;
        verdict.records.push_back(std::move(*next));
        waiting.erase(next);
    }
}

}  // namespace

DomainKeyVerdict judge_domain_keys(std::string const& domain, TxtAnswer const& answer,
                                   Remembered const& remembered, std::uint64_t now_seconds) {
    DomainKeyVerdict verdict;
    verdict.remembered = remembered;
    std::string const name = domain_record_name(domain);
    auto records = read(answer, verdict.steps);
    if (records.empty()) {
        verdict.steps.push_back("no usable record at " + name);
        return verdict;
    }
    bool const secure = answer.dnssec == Dnssec::secure;
    if (secure || remembered.empty()) {
        verdict.steps.push_back(secure ? "DNSSEC vouches for the records at " + name
                                       : "the keys at " + name +
                                             " are new here, and remembered from now on");
        verdict.records = std::move(records);
    } else {
        take_vouched(domain, remembered, records, verdict);
        for (DomainRecord const& record : records)
            verdict.steps.push_back("key " + record.key.short_form() +
                                    " is passed over: it is new, and neither DNSSEC nor a key "
                                    "known here vouches for it");
    }
    if (verdict.records.empty()) {
        verdict.alarm = "the key of " + domain +
                        " has changed, and neither DNSSEC nor the old key vouches for the change; "
                        "ask its admin, then: satchel domain forget " +
                        domain;
        return verdict;
    }
    verdict.remembered.clear();
    for (DomainRecord const& record : verdict.records) {
        auto const* const before = find(remembered, record.key);
        verdict.remembered.push_back({record, before == nullptr ? now_seconds : before->since,
                                      secure || (before != nullptr && before->dnssec)});
    }
    return verdict;
}

}  // namespace satchel::location
