#include "dht/record_filter.h"

#include <doctest/doctest.h>

#include "tests/support/storage_user.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t now = 1'800'000'000;

TrustInputs of_domain(StorageUser const& user) {
    return {std::nullopt, {user.domain}, Trust::domain};
}

TrustInputs pinned_to(UserKey const& key, std::vector<DomainKey> domain_keys = {}) {
    return {key, std::move(domain_keys), Trust::domain};
}

Result<StorageFinding> believe(StorageUser const& bob, RecordEnvelope const& envelope,
                               TrustInputs const& inputs, std::uint64_t at = now) {
    return believe_storage(envelope, bob.locator.seal, bob.address, inputs, at);
}

}  // namespace

TEST_CASE("record filter: who vouches for a record") {
    StorageUser bob("bob@b.test", now);
    StorageUser other("other@o.test", now);

    struct Row {
        char const* why;
        RecordEnvelope envelope;
        TrustInputs inputs;
        Trust trust;
    };

    for (Row const& row : {
             Row{"the domain", bob.storage(), of_domain(bob), Trust::domain},
             Row{"one of two domain keys", bob.storage(),
                 TrustInputs{std::nullopt, {other.domain, bob.domain}, Trust::domain},
                 Trust::domain},
             Row{"a pin, in the user's own slot", bob.own_storage(), pinned_to(bob.user),
                 Trust::pinned},
             Row{"a pin, in the domain's slot", bob.storage(), pinned_to(bob.user, {bob.domain}),
                 Trust::pinned},
         }) {
        CAPTURE(row.why);
        auto const found = believe(bob, row.envelope, row.inputs);
        REQUIRE_MESSAGE(found, (found ? "" : found.error().what));
        CHECK(found->trust == row.trust);
        CHECK(found->state == StorageFinding::State::stores);
        REQUIRE(found->record);
        CHECK(found->record->nodes.front().node_key == bob.node);
    }
}

TEST_CASE("record filter: withdrawn and revoked are answers, too") {
    StorageUser bob("bob@b.test", now);
    auto const withdrawn = believe(bob, bob.withdrawn(), of_domain(bob));
    REQUIRE(withdrawn);
    CHECK(withdrawn->state == StorageFinding::State::withdrawn);
    auto const revoked = believe(bob, bob.revocation(), of_domain(bob));
    REQUIRE(revoked);
    CHECK(revoked->state == StorageFinding::State::revoked);
    CHECK_FALSE(revoked->record);
    CHECK_FALSE(believe(bob, bob.revocation(), pinned_to(bob.user)));
}

TEST_CASE("record filter: nobody is believed for another") {
    StorageUser bob("bob@b.test", now);
    StorageUser eve("eve@e.test", now);

    StorageRecord of_eve = bob.record();
    of_eve.address = eve.address;
    of_eve.binding.reset();
    StorageRecord unbound = bob.record();
    unbound.binding.reset();

    StorageRecord unsigned_one = bob.record();
    unsigned_one.binding->signature[0] = static_cast<Byte>(unsigned_one.binding->signature[0] ^ 1);

    // eve has a slot of bob's domain (proved for her key), but bob's binding.
    RecordEnvelope hers = bob.draft();
    hers.signer = eve.user;
    hers.slot_proof =
        sign_slot(bob.domain_key, hers.dht_key, hers.signer, hers.slot_epoch, hers.slot_expires);
    auto const body = encode_storage_record(bob.record());
    hers = *seal_record(hers, *body, bob.locator.seal, eve.user_key, eve.chance);

    struct Row {
        char const* why;
        RecordEnvelope envelope;
        TrustInputs inputs;
        Fault fault = Fault::untrusted;
        std::uint64_t at = now;
    };

    SealKey const wrong_seal = eve.locator.seal;
    CHECK(believe_storage(bob.storage(), wrong_seal, bob.address, of_domain(bob), now)
              .error()
              .fault == Fault::corrupt);
    CHECK(believe_storage(bob.storage(), bob.locator.seal, eve.address, of_domain(bob), now)
              .error()
              .fault == Fault::untrusted);
    for (Row const& row : {
             Row{"no key known", bob.storage(), TrustInputs{}},
             Row{"another domain's key", bob.storage(), of_domain(eve)},
             Row{"the user's own slot, nobody pinned", bob.own_storage(), of_domain(bob)},
             Row{"another key pinned", bob.storage(), pinned_to(eve.user, {bob.domain})},
             Row{"another key pinned, own slot", bob.own_storage(), pinned_to(eve.user)},
             Row{"pinned, in a slot of no domain key", bob.storage(), pinned_to(bob.user)},
             Row{"the record names another address", bob.sealed(bob.draft(), of_eve),
                 of_domain(bob)},
             Row{"so it does under a pin", bob.sealed(bob.draft(), of_eve),
                 pinned_to(bob.user, {bob.domain})},
             Row{"no binding", bob.sealed(bob.draft(), unbound), of_domain(bob)},
             Row{"a binding signed by nobody", bob.sealed(bob.draft(), unsigned_one),
                 of_domain(bob)},
             Row{"a binding for another user key", hers, of_domain(bob)},
             Row{"an expired binding", bob.storage(), of_domain(bob), Fault::untrusted,
                 bob.binding.expires},
             Row{"not a storage record", bob.presence(), of_domain(bob), Fault::corrupt},
         }) {
        CAPTURE(row.why);
        auto const found = believe(bob, row.envelope, row.inputs, row.at);
        REQUIRE_FALSE(found);
        CHECK(found.error().fault == row.fault);
        CHECK_FALSE(found.error().what.empty());
    }
}

TEST_CASE("record filter: a presence is its node's, under the secret of the storage record") {
    StorageUser bob("bob@b.test", now);
    StorageUser eve("eve@e.test", now);
    StorageNode const node = bob.record().nodes.front();
    auto const presence = believe_presence(bob.presence(), node);
    REQUIRE(presence);
    CHECK(presence->available);
    StorageNode other_secret = node;
    other_secret.presence_secret[0] = static_cast<Byte>(other_secret.presence_secret[0] ^ 1);
    CHECK(believe_presence(bob.presence(), other_secret).error().fault == Fault::corrupt);
    CHECK(believe_presence(eve.presence(), node).error().fault == Fault::untrusted);
    CHECK(believe_presence(bob.storage(), node).error().fault == Fault::untrusted);
}
