#include "src/node/enrolment_desk.h"

#include <fstream>

#include <doctest/doctest.h>

#include "src/core/home.h"
#include "src/core/identity.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;
using transfer::EnrollRequest;

namespace {

/// A gateway's home that holds the key of b.test, and people who ask it.
struct Town {
    Town() {
        REQUIRE(Home(folder.path()).ensure());
        REQUIRE(save_domain_key(domain_key, "b.test", folder.path()));
        open();
    }

    void open() {
        desk.reset();
        auto opened = EnrolmentDesk::open(folder.path(), config, clock, chance);
        REQUIRE(opened);
        desk = std::move(*opened);
    }

    EnrollRequest request(Identity const& who, std::string code = {},
                          std::string const& address = "bob@b.test") const {
        return {*Address::parse(address), who.recipient(), std::move(code), {}};
    }

    static Asker asker(Identity const& who, std::string ip = "192.0.2.1") {
        return {who.user_public(), std::move(ip)};
    }

    Result<EnrolmentDesk::Ruling> rule(Identity const& who, std::string code = {}) {
        return desk->rule(request(who, std::move(code)), asker(who));
    }

    std::string mailed_code(Identity const& who) {
        auto const ruling = rule(who);
        REQUIRE(ruling);
        REQUIRE(std::holds_alternative<CodeToMail>(*ruling));
        return std::get<CodeToMail>(*ruling).code;
    }

    Binding bind(Identity const& who) {
        auto const ruling = rule(who, mailed_code(who));
        REQUIRE(ruling);
        REQUIRE(std::holds_alternative<BindingGrant>(*ruling));
        return std::get<BindingGrant>(*ruling).binding;
    }

    TempFolder folder;
    FakeClock clock;
    SeededRandomness chance;
    SigningKey domain_key = SigningKey::generate(chance);
    Identity bob = generate_identity({}, chance);
    Identity eve = generate_identity({}, chance);
    Config config;
    std::unique_ptr<EnrolmentDesk> desk;
};

Binding granted(Result<EnrolmentDesk::Ruling> const& ruling) {
    REQUIRE(ruling);
    REQUIRE(std::holds_alternative<BindingGrant>(*ruling));
    BindingGrant const& grant = std::get<BindingGrant>(*ruling);
    CHECK(BindingGrant::parse(grant.to_line()).has_value());
    return grant.binding;
}

}  // namespace

TEST_CASE("enrolment: a mailed code makes a binding of both keys, once") {
    Town town;
    std::string const code = town.mailed_code(town.bob);
    CHECK(code.size() == 11);
    town.open();  // what is out survives a restart
    Binding const binding = granted(town.rule(town.bob, code));
    CHECK(binding.user_key == town.bob.user_public());
    CHECK(binding.age_recipient == town.bob.recipient());
    CHECK(binding.domain_key == town.domain_key.public_key());
    CHECK(binding.expires == town.clock.unix_seconds() + 365ULL * 24 * 3600);
    auto const book = BindingBook::open(Home(town.folder.path()).bindings_file());
    CHECK_FALSE(
        const_cast<BindingBook&>(*book).code_for(binding.address, binding.user_key)->has_value());
}

TEST_CASE("enrolment: how a person types a code does not matter") {
    Town town;
    std::string code = town.mailed_code(town.bob);
    std::string typed = " ";
    for (char const c : code)
        typed += c == '-' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    granted(town.rule(town.bob, typed + "\n"));
}

TEST_CASE("enrolment: a code that is not right") {
    Town town;
    std::string const code = town.mailed_code(town.bob);
    SUBCASE("another user key") {
        auto const ruling = town.desk->rule(town.request(town.eve, code), Town::asker(town.eve));
        CHECK(ruling.error().fault == Fault::refused);
    }
    SUBCASE("another age recipient") {
        auto request = town.request(town.bob, code);
        request.age_recipient = town.eve.recipient();
        CHECK(town.desk->rule(request, Town::asker(town.bob)).error().fault == Fault::refused);
    }
    SUBCASE("expired") {
        town.clock.advance(std::chrono::hours(1));
        CHECK(town.rule(town.bob, code).error().fault == Fault::refused);
    }
    SUBCASE("wrong five times, then right") {
        for (int i = 0; i < 5; ++i)
            CHECK(town.rule(town.bob, "00000-00000").error().fault == Fault::refused);
        CHECK(town.rule(town.bob, code).error().fault == Fault::refused);
    }
    SUBCASE("wrong four times, then right") {
        for (int i = 0; i < 4; ++i)
            CHECK(town.rule(town.bob, "00000-00000").error().fault == Fault::refused);
        granted(town.rule(town.bob, code));
    }
    SUBCASE("an older one") {
        std::string const newer = town.mailed_code(town.bob);
        CHECK(town.rule(town.bob, code).error().fault == Fault::refused);
        granted(town.rule(town.bob, newer));
    }
    SUBCASE("never mailed") {
        REQUIRE(town.desk->take_back(town.request(town.bob), Town::asker(town.bob)));
        CHECK(town.rule(town.bob, code).error().fault == Fault::refused);
    }
}

TEST_CASE("enrolment: mailboxes are not filled with codes") {
    Town town;
    for (int i = 0; i < 3; ++i)
        town.mailed_code(town.bob);
    CHECK(town.rule(town.bob).error().fault == Fault::unavailable);
    // Another user key and another place get no more for the same mailbox.
    auto const other = town.desk->rule(town.request(town.eve), Town::asker(town.eve, "192.0.2.9"));
    CHECK(other.error().fault == Fault::unavailable);
    town.clock.advance(std::chrono::minutes(61));
    town.mailed_code(town.bob);
}

TEST_CASE("enrolment: one place asks for many addresses") {
    Town town;
    for (int i = 0; i < 20; ++i) {
        auto const request = town.request(town.eve, "", "user" + std::to_string(i) + "@b.test");
        REQUIRE(town.desk->rule(request, Town::asker(town.eve)));
    }
    auto const request = town.request(town.eve, "", "one.more@b.test");
    CHECK(town.desk->rule(request, Town::asker(town.eve)).error().fault == Fault::unavailable);
    CHECK(town.desk->rule(request, Town::asker(town.eve, "192.0.2.9")).has_value());
}

TEST_CASE("enrolment: the bound key renews without a mail, with a higher epoch") {
    Town town;
    Binding const first = town.bind(town.bob);
    Binding const second = granted(town.rule(town.bob));
    CHECK(second.slot_epoch > first.slot_epoch);
    town.clock.advance(std::chrono::hours(24 * 300));
    CHECK(granted(town.rule(town.bob)).expires > second.expires);
}

TEST_CASE("enrolment: an address that is bound goes to another key by the old key's word alone") {
    Town town;
    Binding const bound = town.bind(town.bob);
    CHECK(town.rule(town.eve).error().fault == Fault::refused);
    auto request = town.request(town.eve);
    auto const word = [&](SigningKey const& key, Identity const& heir) {
        return transfer::name_successor(key, request.address, heir.user_public(),
                                        town.eve.recipient());
    };
    request.predecessors = {word(town.eve.user_key, town.eve)};
    CHECK(town.desk->rule(request, Town::asker(town.eve)).error().fault == Fault::refused);
    request.predecessors = {word(town.bob.user_key, town.bob)};  // meant for another
    CHECK(town.desk->rule(request, Town::asker(town.eve)).error().fault == Fault::refused);
    request.predecessors = {word(town.eve.user_key, town.eve), word(town.bob.user_key, town.eve)};
    Binding const heir = granted(town.desk->rule(request, Town::asker(town.eve)));
    CHECK(heir.user_key == town.eve.user_public());
    CHECK(heir.slot_epoch > bound.slot_epoch);
    CHECK(town.rule(town.bob).error().fault == Fault::refused);
}

TEST_CASE("enrolment: what has ended is free again, by mail") {
    Town town;
    Binding const bound = town.bind(town.bob);
    SUBCASE("expired") {
        town.clock.advance(std::chrono::hours(24 * 365));
    }
    SUBCASE("revoked") {
        auto book = BindingBook::open(Home(town.folder.path()).bindings_file());
        auto const revocation = book->revoke(bound.address, town.clock.unix_seconds());
        REQUIRE(revocation);
        CHECK(revocation->epoch > bound.slot_epoch);
        CHECK(revocation->until == bound.expires);
        CHECK(book->revocations(town.clock.unix_seconds())->size() == 1);
    }
    town.clock.advance(std::chrono::hours(2));
    Binding const next = town.bind(town.eve);
    CHECK(next.slot_epoch > bound.slot_epoch + 1);
    auto book = BindingBook::open(Home(town.folder.path()).bindings_file());
    CHECK(book->revocations(town.clock.unix_seconds())->empty());
}

TEST_CASE("enrolment: who is no person, and what is not ours") {
    Town town;
    town.config.domains["b.test"].never_enroll = {"team"};

    struct Row {
        char const* address;
        Fault fault;
    };

    for (Row const& row :
         {Row{"postmaster@b.test", Fault::refused}, Row{"abuse@b.test", Fault::refused},
          Row{"list-request@b.test", Fault::refused}, Row{"owner-list@b.test", Fault::refused},
          Row{"team@b.test", Fault::refused}, Row{"bob@c.test", Fault::not_found}}) {
        CAPTURE(row.address);
        auto const request = town.request(town.bob, "", row.address);
        auto const ruling = town.desk->rule(request, Town::asker(town.bob));
        REQUIRE_FALSE(ruling);
        CHECK(ruling.error().fault == row.fault);
    }
}

TEST_CASE("enrolment: the admin signs elsewhere, the gateway hands out") {
    Town town;
    auto const file = town.folder.path() / "bindings.txt";
    town.config.domains["b.test"].bindings_file = file;
    auto const missing = town.rule(town.bob);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().fault == Fault::unavailable);
    CHECK(missing.error().what.find("satchel domain bind bob@b.test " +
                                    town.bob.user_public().to_base64()) != std::string::npos);
    Binding draft{.address = *Address::parse("bob@b.test"),
                  .user_key = town.bob.user_public(),
                  .age_recipient = town.bob.recipient(),
                  .subaddress = "",
                  .slot_epoch = 7,
                  .issued = town.clock.unix_seconds(),
                  .expires = town.clock.unix_seconds() + 1000,
                  .domain_key = DomainKey(town.domain_key.public_key())};
    auto const good = grant_binding(draft, town.domain_key);
    std::ofstream(file) << "# by hand\n" << good.to_line() << "\nrubbish\n";
    CHECK(granted(town.rule(town.bob)) == good.binding);
    CHECK(town.rule(town.eve).error().fault == Fault::unavailable);
    draft.slot_epoch = 8;
    draft.user_key = town.eve.user_public();
    std::ofstream(file, std::ios::app) << grant_binding(draft, town.domain_key).to_line() << '\n';
    CHECK(town.rule(town.bob).error().fault == Fault::unavailable);
}
