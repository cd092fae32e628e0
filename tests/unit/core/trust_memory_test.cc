#include "src/core/trust_memory.h"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

RememberedDomainKey remembered(std::string_view name, std::uint64_t since, bool dnssec = false) {
    DomainRecord record;
    record.key = DomainKey(sample_key(name).public_key());
    record.gateway = HostPort{"mx.b.test", 7473};
    return {record, since, dnssec};
}

UserKey user(std::string_view name) {
    return UserKey(sample_key(name).public_key());
}

}  // namespace

TEST_CASE("trust_memory: what was remembered is there after a restart") {
    TempFolder folder;
    auto const file = folder.path() / "trust.db";
    std::vector const keys{remembered("one", 5), remembered("two", 7, true)};
    {
        auto memory = TrustMemory::open(file);
        REQUIRE(memory);
        CHECK(memory->domain_keys("b.test")->empty());
        REQUIRE(memory->remember_domain("b.test", {remembered("zero", 1)}));
        REQUIRE(memory->remember_domain("b.test", keys));
        CHECK(*memory->remember_first_seen(sample_address(), user("bob"), 3) == user("bob"));
    }
    auto memory = TrustMemory::open(file);
    REQUIRE(memory);
    CHECK(*memory->domain_keys("b.test") == keys);
    CHECK(memory->domain_keys("c.test")->empty());
    CHECK(*memory->first_seen_key(sample_address()) == user("bob"));
    CHECK_FALSE(memory->first_seen_key(sample_address("ann@b.test"))->has_value());
}

TEST_CASE("trust_memory: the first key seen stays until it is forgotten") {
    TempFolder folder;
    auto memory = TrustMemory::open(folder.path() / "trust.db");
    REQUIRE(memory);
    CHECK(*memory->remember_first_seen(sample_address(), user("bob"), 3) == user("bob"));
    CHECK(*memory->remember_first_seen(sample_address(), user("mallory"), 4) == user("bob"));
    CHECK(*memory->forget_first_seen(sample_address()));
    CHECK_FALSE(*memory->forget_first_seen(sample_address()));
    CHECK(*memory->remember_first_seen(sample_address(), user("new"), 5) == user("new"));
    REQUIRE(memory->remember_domain("b.test", {remembered("one", 5)}));
    CHECK(*memory->forget_domain("b.test"));
    CHECK_FALSE(*memory->forget_domain("b.test"));
    CHECK(memory->domain_keys("b.test")->empty());
}

TEST_CASE("trust_memory: what is damaged gives no key") {
    struct Row {
        char const* why;
        char const* sql;
    };

    for (Row const& row :
         {Row{"the record is no record", "UPDATE domain_key SET record = 'v=satchel1'"},
          Row{"key and record differ", "UPDATE domain_key SET public_key = zeroblob(32)"},
          Row{"the user key is short", "UPDATE first_seen SET user_key = zeroblob(31)"}}) {
        CAPTURE(row.why);
        TempFolder folder;
        auto const file = folder.path() / "trust.db";
        auto memory = TrustMemory::open(file);
        REQUIRE(memory);
        REQUIRE(memory->remember_domain("b.test", {remembered("one", 5)}));
        REQUIRE(memory->remember_first_seen(sample_address(), user("bob"), 3));
        REQUIRE(SqliteDatabase::open(file, 1, "")->execute(row.sql));
        auto const keys = memory->domain_keys("b.test");
        auto const key = memory->first_seen_key(sample_address());
        CHECK((keys.has_value() != key.has_value()));
        CHECK((keys ? key.error() : keys.error()).fault == Fault::corrupt);
    }
    TempFolder folder;
    auto const file = folder.path() / "trust.db";
    std::ofstream(file) << std::string(8'192, 'x');
    CHECK(TrustMemory::open(file).error().fault == Fault::corrupt);
}
