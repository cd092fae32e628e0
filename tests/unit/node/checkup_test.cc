#include "src/node/checkup.h"

#include <limits>

#include <doctest/doctest.h>

#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t now = 1'800'000'000;
constexpr std::uint64_t day = 24 * 3600;
constexpr std::uint64_t gib = 1ULL << 30;

DomainKey key_of(char const* name) {
    return DomainKey(sample_key(name).public_key());
}

Binding binding_until(std::uint64_t expires) {
    return sign_binding({sample_address(), UserKey(sample_key("bob").public_key()), sample_age(),
                         "", 1, now - day, expires, DomainKey(), Signature{}},
                        sample_key("domain"));
}

bool says(Finding const& finding, char const* words) {
    return finding.words.find(words) != std::string::npos;
}

bool advises(Finding const& finding, char const* words) {
    return finding.advice.find(words) != std::string::npos;
}

std::vector<Endpoint> const here = {{"192.0.2.7", 7473}};

Reach seen(std::vector<Endpoint> control, std::vector<Endpoint> dht) {
    return {"node x", {"192.0.2.99", std::move(control), std::move(dht)}};
}

}  // namespace

TEST_CASE("checkup: a domain") {
    location::DomainFacts known;
    known.keys = {key_of("domain")};
    known.steps = {"DNS names it"};
    CHECK(judge_domain("b.test", known, {}, now).health == Health::ok);
    CHECK(judge_domain("b.test", known, key_of("domain"), now).words == "DNS names it");
    auto const other = judge_domain("b.test", known, key_of("other"), now);
    CHECK(other.health == Health::failure);
    CHECK(advises(other, "satchel domain dns b.test"));
    CHECK_FALSE(says(other, "asked again"));
    known.counts_until = now + 3'000;
    CHECK(says(judge_domain("b.test", known, key_of("other"), now), "asked again, in 50 min"));
    CHECK(judge_domain("b.test", {}, {}, now).health == Health::warning);
    CHECK(judge_domain("b.test", {}, key_of("domain"), now).health == Health::failure);
    location::DomainFacts alarmed = known;
    alarmed.alarm = "the key has changed";
    CHECK(judge_domain("b.test", alarmed, {}, now).health == Health::failure);
    CHECK(says(judge_domain("b.test", alarmed, {}, now), "has changed"));
    location::DomainFacts silent = known;
    silent.temporary = "no answer from DNS";
    CHECK(judge_domain("b.test", silent, {}, now).health == Health::warning);
}

TEST_CASE("checkup: a binding") {
    struct Row {
        char const* why;
        BindingFacts facts;
        Health health;
    };

    std::vector const ours = {key_of("domain")};
    for (Row const& row :
         {Row{"good", {true, binding_until(now + 100 * day), ours}, Health::ok},
          Row{"keys unknown", {true, binding_until(now + 100 * day), {}}, Health::ok},
          Row{"ends soon", {true, binding_until(now + 13 * day), ours}, Health::warning},
          Row{"two weeks", {true, binding_until(now + 14 * day), ours}, Health::ok},
          Row{"ended", {true, binding_until(now), ours}, Health::failure},
          Row{"another key's",
              {true, binding_until(now + 100 * day), {key_of("new")}},
              Health::failure},
          Row{"none", {true, std::nullopt, ours}, Health::warning},
          Row{"not published", {false, std::nullopt, ours}, Health::warning}}) {
        CAPTURE(row.why);
        auto const finding = judge_binding(sample_address(), row.facts, now);
        CHECK(finding.health == row.health);
        CHECK(finding.advice.empty() == (row.health == Health::ok));
    }
}

TEST_CASE("checkup: a binding by a key that DNS does not name yet") {
    auto binding = binding_until(now + 100 * day);
    binding.issued = now - 100;
    BindingFacts facts{true, binding, {key_of("old")}, now - 200, now + 3'400};
    auto const newer = judge_binding(sample_address(), facts, now);
    CHECK(newer.health == Health::warning);
    CHECK(says(newer, "the old one vouches"));
    CHECK(advises(newer, "look again in 57 min"));
    // DNS was asked since, or never told a key: nothing says that it is newer.
    for (std::uint64_t const answered : {now - 99, std::uint64_t{0}}) {
        facts.answered = answered;
        auto const older = judge_binding(sample_address(), facts, now);
        CHECK(older.health == Health::failure);
        CHECK(advises(older, "satchel enroll"));
    }
}

TEST_CASE("checkup: what others find") {
    LookupReport report{.address = sample_address(), .storage_address = sample_address()};
    report.reason = "no storage record";
    CHECK(judge_record(report).health == Health::failure);
    CHECK(advises(judge_record(report), "satchel enroll"));
    report.conclusive = false;  // who could not be asked has not said no
    CHECK_FALSE(advises(judge_record(report), "satchel enroll"));
    report.storage = report.trusted = true;
    report.trust = Trust::domain;
    report.reason = "it said that it is going offline";
    CHECK(judge_record(report).health == Health::failure);
    CHECK(says(judge_record(report), "going offline"));
    report.available = true;
    CHECK(judge_record(report).health == Health::ok);
    report.alarm = "somebody else claims it";
    CHECK(judge_record(report).health == Health::failure);
}

TEST_CASE("checkup: clock and disk") {
    CHECK(judge_clock({}).health == Health::unknown);
    CHECK(judge_clock(30).health == Health::ok);
    CHECK(judge_clock(-31).health == Health::warning);
    CHECK(says(judge_clock(-31), "ahead"));
    CHECK(judge_clock(std::numeric_limits<std::int64_t>::min()).health == Health::failure);
    CHECK(judge_clock(std::numeric_limits<std::int64_t>::max()).health == Health::failure);
    CHECK(judge_clock(111).health == Health::failure);
    CHECK(says(judge_clock(111), "behind"));
    CHECK(judge_disk(60 * gib, 50 * gib).health == Health::ok);
    CHECK(judge_disk(40 * gib, 50 * gib).health == Health::warning);
    CHECK(advises(judge_disk(gib - 1, 50 * gib), "make room"));
    CHECK(judge_disk(gib - 1, 50 * gib).health == Health::failure);
    CHECK(advises(judge_disk(60 * gib, gib - 1), "quota"));
    CHECK(judge_disk(60 * gib, gib - 1).health == Health::failure);
}

TEST_CASE("checkup: ports, as others see them") {
    CHECK(judge_control(here, false, seen(here, {})).health == Health::ok);
    CHECK(judge_control(here, false, {}).health == Health::unknown);
    CHECK(judge_control(here, true, seen({}, {})).health == Health::ok);
    CHECK(judge_control({}, false, seen({}, {})).health == Health::failure);
    auto const closed = judge_control(here, false, seen({}, here));
    CHECK(closed.health == Health::failure);
    CHECK(advises(closed, "TCP port 7473"));
    CHECK(advises(closed, "192.0.2.99"));

    location::LocationStats many;
    many.good_nodes = 8;
    CHECK(judge_dht(many, 7475, true, seen({}, here)).health == Health::ok);
    CHECK(judge_dht(many, 7475, true, {}).health == Health::ok);
    CHECK(judge_dht(many, 7475, true, seen(here, {})).health == Health::warning);
    CHECK(judge_dht({}, 7475, true, {}).health == Health::failure);
    CHECK(advises(judge_dht({}, 7475, true, {}), "UDP port 7475"));
    CHECK(judge_dht({}, 7475, false, {}).health == Health::warning);
}

TEST_CASE("checkup: a gateway") {
    CHECK(judge_gateway("b.test", {}).health == Health::warning);
    CHECK(judge_gateway("b.test", Status()).health == Health::ok);
    Status const away = fail(Fault::unavailable, "connection refused");
    CHECK(judge_gateway("b.test", away).health == Health::failure);
    CHECK(says(judge_gateway("b.test", away), "connection refused"));
}
