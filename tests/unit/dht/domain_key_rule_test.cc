#include "dht/domain_key_rule.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t now = sample_now;

DomainKey key(std::string_view name) {
    return DomainKey(sample_key(name).public_key());
}

std::string text(std::string_view name, std::string_view vouched_by = "") {
    DomainRecord record;
    record.key = key(name);
    if (!vouched_by.empty()) record.vouch = vouch_for(record.key, "b.test", sample_key(vouched_by));
    return record.to_text();
}

RememberedDomainKey known(std::string_view name, bool dnssec = false) {
    return {*DomainRecord::parse(text(name)), now - 100, dnssec};
}

std::vector<DomainKey> counting(DomainKeyVerdict const& verdict) {
    std::vector<DomainKey> keys;
    for (DomainRecord const& record : verdict.records)
        keys.push_back(record.key);
    std::sort(keys.begin(), keys.end());
    return keys;
}

std::vector<DomainKey> sorted(std::vector<DomainKey> keys) {
    std::sort(keys.begin(), keys.end());
    return keys;
}

}  // namespace

TEST_CASE("domain_key_rule: which keys count") {
    struct Row {
        char const* why;
        std::vector<std::string> texts;
        Dnssec dnssec;
        std::vector<RememberedDomainKey> remembered;
        std::vector<DomainKey> count;
        bool alarm = false;
    };

    std::string bent = text("new", "old");
    bent[bent.size() - 10] = bent[bent.size() - 10] == 'A' ? 'B' : 'A';
    DomainRecord foreign = *DomainRecord::parse(text("new"));
    foreign.vouch = vouch_for(foreign.key, "c.test", sample_key("old"));
    auto const insecure = Dnssec::insecure;
    for (Row const& row :
         {Row{"nothing known: all", {text("a"), text("b")}, insecure, {}, {key("a"), key("b")}},
          Row{"as it was", {text("a")}, insecure, {known("a")}, {key("a")}},
          Row{"DNSSEC vouches", {text("new")}, Dnssec::secure, {known("a", true)}, {key("new")}},
          Row{"the old one vouches",
              {text("old"), text("new", "old")},
              insecure,
              {known("old")},
              {key("old"), key("new")}},
          Row{"... in any order",
              {text("new", "old"), text("old")},
              insecure,
              {known("old")},
              {key("old"), key("new")}},
          Row{"... and is gone", {text("new", "old")}, insecure, {known("old")}, {key("new")}},
          Row{"one vouches for the next",
              {text("c", "b"), text("b", "a")},
              insecure,
              {known("a")},
              {key("b"), key("c")}},
          Row{"a new one beside it", {text("a"), text("new")}, insecure, {known("a")}, {key("a")}},
          Row{"a new one alone", {text("new")}, insecure, {known("a")}, {}, true},
          Row{"once secure, now not", {text("new")}, insecure, {known("a", true)}, {}, true},
          Row{"a stranger vouches", {text("new", "x")}, insecure, {known("old")}, {}, true},
          Row{"it vouches for itself", {text("new", "new")}, insecure, {known("old")}, {}, true},
          Row{"strangers in a ring",
              {text("x", "y"), text("y", "x")},
              insecure,
              {known("old")},
              {},
              true},
          Row{"a bent vouch", {bent}, insecure, {known("old")}, {}, true},
          Row{"for another domain", {foreign.to_text()}, insecure, {known("old")}, {}, true},
          Row{"nothing there", {}, insecure, {known("a")}, {}},
          Row{"others' records", {"v=spf1 -all"}, insecure, {known("a")}, {}},
          Row{"a damaged one", {"v=satchel1; k=rsa"}, Dnssec::secure, {}, {}},
          Row{"damaged beside good", {"v=satchel1", text("a")}, insecure, {}, {key("a")}}}) {
        CAPTURE(row.why);
        auto const verdict =
            judge_domain_keys("b.test", {row.texts, 60, row.dnssec}, row.remembered, now);
        CHECK(counting(verdict) == sorted(row.count));
        CHECK(verdict.alarm.empty() != row.alarm);
        CHECK_FALSE(verdict.steps.empty());
        if (row.count.empty()) {
            CHECK(verdict.remembered == row.remembered);
        } else {
            CHECK(verdict.remembered.size() == row.count.size());
        }
    }
}

TEST_CASE("domain_key_rule: what is remembered keeps its age and its DNSSEC") {
    auto const verdict =
        judge_domain_keys("b.test", {{text("old"), text("new", "old")}, 60, Dnssec::insecure},
                          {known("old", true)}, now);
    REQUIRE(verdict.remembered.size() == 2);
    CHECK(verdict.remembered[0] == known("old", true));
    CHECK(verdict.remembered[1].since == now);
    CHECK_FALSE(verdict.remembered[1].dnssec);
    // A key that was given up vouches for nothing any more.
    auto const after =
        judge_domain_keys("b.test", {{text("new")}, 60, Dnssec::insecure}, verdict.remembered, now);
    CHECK(after.remembered.size() == 1);
    auto const thief = judge_domain_keys("b.test", {{text("thief", "old")}, 60, Dnssec::insecure},
                                         after.remembered, now);
    CHECK_FALSE(thief.alarm.empty());
}

TEST_CASE("domain_key_rule: without the old key or DNSSEC nobody gets a key in") {
    std::mt19937 chance(4711);
    std::vector<std::string> const thieves{"t1", "t2", "t3"};
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> texts;
        for (auto i = chance() % 6; i > 0; --i) {
            auto const& name = thieves[chance() % 3];
            switch (chance() % 4) {
                case 0:
                    texts.push_back(text(name));
                    break;
                case 1:
                    texts.push_back(text(name, thieves[chance() % 3]));
                    break;
                case 2:
                    texts.push_back(text("real"));
                    break;  // replayed
                default: {
                    // Somebody else's vouch, copied.
                    DomainRecord record = *DomainRecord::parse(text(name));
                    record.vouch = vouch_for(key("next"), "b.test", sample_key("real"));
                    texts.push_back(record.to_text());
                }
            }
        }
        auto const verdict =
            judge_domain_keys("b.test", {texts, 60, Dnssec::insecure}, {known("real")}, now);
        for (DomainKey const& counts : counting(verdict))
            CHECK(counts == key("real"));
        for (RememberedDomainKey const& kept : verdict.remembered)
            CHECK(kept.record.key == key("real"));
    }
}
