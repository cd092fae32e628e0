#include "dht/domain_directory.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_dns_resolver.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

DomainKey key(std::string_view name) {
    return DomainKey(sample_key(name).public_key());
}

std::string text(std::string_view name) {
    DomainRecord record;
    record.key = key(name);
    record.gateway_keys = {sample_key("gateway").public_key()};
    record.gateway = HostPort{"mx.b.test", 7473};
    record.dht_bootstrap = {{"mx.b.test", 7475}};
    return record.to_text();
}

/// A directory in a home, over a DNS of the test's own; it can be started again.
struct Lab {
    Lab()
        : log_fd(*open_file((folder.path() / "log").string(), O_CREAT | O_WRONLY | O_APPEND))
        , log(log_fd.get()) {
        restart();
    }

    void restart() {
        directory.reset();
        memory.emplace(*TrustMemory::open(folder.path() / "trust.db"));
        directory.emplace(DomainDirectory::World{io, &dns, *memory, workers, clock, log});
    }

    DomainFacts facts(std::optional<DomainSettings> configured = std::nullopt,
                      CallerLine const& caller = CallerLine::current()) {
        return await_on(io, directory->facts_of("b.test", std::move(configured)), usual_deadline,
                        caller);
    }

    std::string logged() const {
        return std::string(text_of(*read_whole_file(folder.path() / "log", 1 << 20)));
    }

    TempFolder folder;
    UniqueFd log_fd;
    EventLog log;
    asio::io_context io;
    WorkerPool workers{io, 2};
    FakeClock clock;
    FakeDnsResolver dns{io};
    std::optional<TrustMemory> memory;
    std::optional<DomainDirectory> directory;
};

bool says(DomainFacts const& facts, std::string const& words) {
    for (std::string const& step : facts.steps)
        if (step.find(words) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("domain_directory: what DNS says of a domain") {
    Lab lab;
    lab.dns.set("b.test", {text("one"), text("two")}, Dnssec::secure);
    auto const facts = lab.facts();
    CHECK(facts.keys == std::vector{key("one"), key("two")});
    CHECK(facts.gateway_keys == std::vector{sample_key("gateway").public_key()});
    CHECK(facts.gateway == "mx.b.test:7473");
    CHECK(facts.dht_bootstrap.size() == 1);
    CHECK(facts.dnssec == Dnssec::secure);
    CHECK(facts.alarm.empty());
    CHECK(facts.temporary.empty());
    CHECK(lab.facts().keys == facts.keys);
    CHECK(lab.dns.asked() == 1);
}

TEST_CASE("domain_directory: the settings win, and DNS is not asked") {
    Lab lab;
    lab.dns.set("b.test", {text("dns")});
    DomainSettings settings;
    settings.keys = {key("mine")};
    settings.gateway = "gw.b.test:1";
    auto const facts = lab.facts(settings);
    CHECK(facts.keys == settings.keys);
    CHECK(facts.gateway == settings.gateway);
    CHECK(lab.facts(DomainSettings{}).keys.empty());
    CHECK(lab.dns.asked() == 0);
    CHECK(lab.memory->domain_keys("b.test")->empty());
}

TEST_CASE("domain_directory: no record is remembered for a while, a failure too") {
    for (Fault const fault : {Fault::not_found, Fault::timed_out, Fault::untrusted}) {
        CAPTURE(to_string(fault));
        Lab lab;
        lab.dns.fail_with("b.test", fault);
        auto const facts = lab.facts();
        CHECK(facts.keys.empty());
        CHECK(facts.alarm.empty());
        CHECK(facts.temporary.empty() == (fault == Fault::not_found));
        CHECK_FALSE(facts.steps.empty());
        CHECK(lab.facts().keys.empty());
        CHECK(lab.dns.asked() == 1);
    }
}

TEST_CASE("domain_directory: one question at a time, whoever asks") {
    Lab lab;
    lab.dns.set("b.test", {text("one")});
    lab.dns.hold();
    std::vector<std::shared_ptr<std::optional<DomainFacts>>> answers;
    for (int i = 0; i < 5; ++i) {
        answers.push_back(std::make_shared<std::optional<DomainFacts>>());
        asio::co_spawn(lab.io,
                       keep_result(lab.directory->facts_of("b.test", std::nullopt), answers.back()),
                       asio::detached);
    }
    run_until(lab.io, [&] { return lab.dns.asked() == 1; });
    lab.dns.release();
    for (auto const& answer : answers) {
        run_until(lab.io, [&] { return answer->has_value(); });
        CHECK((*answer)->keys == std::vector{key("one")});
    }
    CHECK(lab.dns.asked() == 1);
}

TEST_CASE("domain_directory: a key seen before counts while DNS is away, after a restart too") {
    Lab lab;
    lab.dns.set("b.test", {text("one")});
    REQUIRE(lab.facts().keys.size() == 1);
    for (Fault const fault : {Fault::timed_out, Fault::unavailable, Fault::untrusted}) {
        CAPTURE(to_string(fault));
        lab.dns.fail_with("b.test", fault);
        lab.restart();
        auto const facts = lab.facts();
        CHECK(facts.keys == std::vector{key("one")});
        CHECK(facts.gateway_keys.size() == 1);
        CHECK_FALSE(facts.temporary.empty());
        CHECK(says(facts, "seen before"));
        // An answer that is refused was one.
        CHECK(facts.temporary.starts_with("no answer from DNS") == (fault != Fault::untrusted));
    }
    // That there is no record any more is an answer, and no reason to forget.
    lab.dns.fail_with("b.test", Fault::not_found);
    lab.restart();
    CHECK(lab.facts().keys.empty());
    CHECK(lab.facts().has_spoken);
    CHECK(lab.memory->domain_keys("b.test")->size() == 1);
}

TEST_CASE(
    "domain_directory: a change that nobody vouches for is an alarm until a person settles it") {
    Lab lab;
    lab.dns.set("b.test", {text("one")});
    REQUIRE(lab.facts().alarm.empty());
    lab.dns.set("b.test", {text("thief")});
    lab.restart();
    for (int i = 0; i < 3; ++i) {
        auto const facts = lab.facts();
        CHECK(facts.keys.empty());
        CHECK(facts.gateway_keys.empty());
        CHECK(facts.gateway.empty());
        CHECK(facts.alarm.find("satchel domain forget b.test") != std::string::npos);
    }
    auto const log = lab.logged();
    CHECK(log.find("domain_key_changed") != std::string::npos);
    CHECK(log.find("domain_key_changed") == log.rfind("domain_key_changed"));
    // By another process, and without a restart of this one.
    CHECK(*TrustMemory::open(lab.folder.path() / "trust.db")->forget_domain("b.test"));
    auto const settled = lab.facts();
    CHECK(settled.alarm.empty());
    CHECK(settled.keys == std::vector{key("thief")});
}

TEST_CASE("domain_directory: a damaged memory costs trust, never gives it") {
    Lab lab;
    lab.dns.set("b.test", {text("one")});
    REQUIRE(lab.facts().keys.size() == 1);
    REQUIRE(SqliteDatabase::open(lab.folder.path() / "trust.db", 1, "")
                ->execute("UPDATE domain_key SET record = 'x'"));
    lab.restart();
    auto const facts = lab.facts();
    CHECK(facts.keys.empty());
    CHECK(says(facts, "damaged"));
    // Nor where it can't be written to.
    REQUIRE(SqliteDatabase::open(lab.folder.path() / "trust.db", 1, "")
                ->execute("DROP TABLE domain_key; CREATE TABLE domain_key (domain, public_key, "
                          "record, since, dnssec, more NOT NULL)"));
    lab.restart();
    CHECK(lab.facts().keys.empty());
    CHECK(says(lab.facts(), "can't be remembered"));
}

TEST_CASE("domain_directory: without a resolver only the settings count") {
    Lab lab;
    DomainDirectory offline(
        DomainDirectory::World{lab.io, nullptr, *lab.memory, lab.workers, lab.clock, lab.log});
    auto const facts = await_on(lab.io, offline.facts_of("b.test", std::nullopt));
    CHECK(facts.keys.empty());
    CHECK(says(facts, "trust.resolver"));
    CHECK(await_on(lab.io, lab.directory->facts_of("[192.0.2.1]", std::nullopt)).keys.empty());
    CHECK(lab.dns.asked() == 0);
}
