#include "transfer/age_grant.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/seeded_randomness.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::SeededRandomness;

namespace {

struct Party {
    explicit Party(std::string_view name)
        : randomness(name) {
        identities.push_back(AgeIdentity::generate(randomness));
    }

    AgeRecipient recipient() const { return identities.front().recipient(); }

    SeededRandomness randomness;
    std::vector<AgeIdentity> identities;
};

bool same(FileKey const& a, FileKey const& b) {
    return std::equal(a.view().begin(), a.view().end(), b.view().begin());
}

std::string fault_of(Result<FileKey> const& result) {
    return result ? "opened" : result.error().what;
}

}  // namespace

TEST_CASE("age grant: each recipient opens their own") {
    SeededRandomness randomness;
    Party const bob("bob");
    Party const carol("carol");
    auto const key = make_file_key(randomness);
    for (Party const* party : {&bob, &carol}) {
        auto const grant = make_grant(key, party->recipient(), randomness);
        REQUIRE(grant);
        CHECK(grant->size() < 256);
        auto const opened = open_grant(*grant, party->identities);
        REQUIRE(opened);
        CHECK(same(*opened, key));
    }
    std::vector<AgeRecipient> const both{carol.recipient(), bob.recipient()};
    auto const grant = make_grant(key, both, randomness);
    REQUIRE(grant);
    auto const opened = open_grant(*grant, bob.identities);
    REQUIRE(opened);
    CHECK(same(*opened, key));
}

TEST_CASE("age grant: an older identity still opens, and two grants are never alike") {
    SeededRandomness randomness;
    Party const bob("bob");
    std::vector<AgeIdentity> identities;
    identities.push_back(AgeIdentity::generate(randomness));
    identities.push_back(bob.identities.front().copy());
    auto const key = make_file_key(randomness);
    auto const one = make_grant(key, bob.recipient(), randomness);
    auto const two = make_grant(key, bob.recipient(), randomness);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(*one != *two);
    CHECK(open_grant(*one, identities));
}

TEST_CASE("age grant: tells a stranger, damage and truncation apart") {
    SeededRandomness randomness;
    Party const bob("bob");
    Party const mallory("mallory");
    auto const key = make_file_key(randomness);
    auto const grant = make_grant(key, bob.recipient(), randomness);
    REQUIRE(grant);

    auto const stranger = open_grant(*grant, mallory.identities);
    CHECK(fault_of(stranger) == "age: no identity matches");
    CHECK(stranger.error().fault == Fault::refused);
    CHECK(fault_of(open_grant(*grant, {})) == "age: no identity matches");

    Bytes cut(grant->begin(), grant->end() - 1);
    CHECK(fault_of(open_grant(cut, bob.identities)) == "age header: truncated");
    Bytes longer = *grant;
    longer.push_back('x');
    CHECK(fault_of(open_grant(longer, bob.identities)) == "age header: followed by something else");

    // A stanza more: the MAC covers all of them.
    std::string text(text_of(*grant));
    text.insert(text.find("-> "), "-> grease\n\n");
    CHECK(fault_of(open_grant(bytes_of(text), bob.identities)) == "age header: MAC is wrong");
}

TEST_CASE("age grant: never opens when any octet is changed") {
    SeededRandomness randomness;
    Party const bob("bob");
    auto const grant = make_grant(make_file_key(randomness), bob.recipient(), randomness);
    REQUIRE(grant);
    for (std::size_t i = 0; i < grant->size(); ++i) {
        CAPTURE(i);
        Bytes changed = *grant;
        changed[i] ^= 1;
        CHECK_FALSE(open_grant(changed, bob.identities));
    }
}

TEST_CASE("age grant: refuses recipients of low order, and none at all") {
    SeededRandomness randomness;
    auto const key = make_file_key(randomness);
    auto const zero = make_grant(key, AgeRecipient{}, randomness);
    REQUIRE_FALSE(zero);
    CHECK(zero.error().fault == Fault::refused);
    CHECK_FALSE(make_grant(key, std::span<AgeRecipient const>{}, randomness));
}
