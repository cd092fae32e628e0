#include "transfer/admission.h"

#include <functional>

#include <doctest/doctest.h>

#include "src/core/limits.h"
#include "tests/support/sample_offer.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

struct Case {
    OfferParties parties;
    Offer offer = parties.signed_by_user(parties.draft(ContentId{}, 1'000));
    AdmissionFacts facts;

    Case() {
        facts.self = NodeKey(parties.recipient_node.public_key());
        facts.caller = NodeKey(parties.sender_node.public_key());
        facts.now_seconds = parties.now;
        facts.accept.max_bytes = 10'000;
        facts.recipient = parties.recipient;
        facts.sender_domain.keys = {DomainKey(parties.domain.public_key())};
        facts.sender_domain.gateway_keys = {parties.gateway.public_key()};
    }

    void sign_again() { offer = sign_offer(std::move(offer), parties.user); }

    void bind(std::function<void(Binding&)> const& change) {
        Binding binding = parties.binding();
        change(binding);
        offer.sender_binding = sign_binding(std::move(binding), parties.domain);
        sign_again();
    }

    void as_gateway() {
        offer.sender_binding.reset();
        offer = sign_offer(std::move(offer), parties.gateway);
    }

    /// Signed by the recipient's own gateway, of which the sender's domain knows nothing.
    void as_own_gateway() {
        as_gateway();
        facts.sender_domain = {};
        facts.own_gateways = {parties.gateway.public_key()};
    }

    void as_nobody() {
        offer.sender_binding.reset();
        offer = sign_offer(std::move(offer), parties.sender_node);
    }

    void from(AcceptFrom policy) { facts.accept.from = policy; }

    void pin(SigningKey const& key) { facts.contact_key = UserKey(key.public_key()); }
};

using Change = std::function<void(Case&)>;

}  // namespace

TEST_CASE("admission: lets in what is in order") {
    struct Row {
        char const* why;
        Change change;
        bool attested;
    };

    for (Row const& row : {
             Row{"bound user", [](Case&) {}, true},
             Row{"gateway of the domain", [](Case& c) { c.as_gateway(); }, true},
             Row{"exactly the largest", [](Case& c) { c.facts.accept.max_bytes = 1'000; }, true},
             Row{"exactly the smallest", [](Case& c) { c.facts.accept.min_bytes = 1'000; }, true},
             Row{"pinned contact of an unknown domain",
                 [](Case& c) {
                     c.facts.sender_domain = {};
                     c.pin(c.parties.user);
                 },
                 true},
             Row{"anyone may be nobody",
                 [](Case& c) {
                     c.as_nobody();
                     c.from(AcceptFrom::anyone);
                 },
                 false},
             Row{"contact",
                 [](Case& c) {
                     c.pin(c.parties.user);
                     c.from(AcceptFrom::contacts);
                 },
                 true},
             Row{"contact through the gateway of their domain",
                 [](Case& c) {
                     c.as_gateway();
                     c.pin(c.parties.user);
                     c.from(AcceptFrom::contacts);
                 },
                 true},
             Row{"another node of the recipient's own, whatever the policy",
                 [](Case& c) {
                     c.as_nobody();
                     c.from(AcceptFrom::contacts);
                     c.facts.by_own_node = true;
                 },
                 true},
             Row{"likewise, of what nobody vouched for there",
                 [](Case& c) {
                     c.offer.sender = "";
                     c.as_nobody();
                     c.facts.by_own_node = true;
                 },
                 false},
             Row{"tagged address of a user who binds them",
                 [](Case& c) {
                     c.offer.sender = "alice+film@a.test";
                     c.bind([](Binding& b) { b.subaddress = "+"; });
                 },
                 true},
         }) {
        CAPTURE(row.why);
        Case c;
        row.change(c);
        Admission const admission = admit(c.offer, c.facts);
        REQUIRE_FALSE(admission.refusal);
        CHECK(admission.admitted.attested == row.attested);
        CHECK(admission.admitted.account == (row.attested ? c.offer.sender : unverified_account));
    }
}

TEST_CASE("admission: our own gateway's word is good for mail, and for no sender's account") {
    Case c;
    c.as_own_gateway();
    Admission const admission = admit(c.offer, c.facts);
    REQUIRE_FALSE(admission.refusal);
    CHECK(admission.admitted.attested);
    CHECK(admission.admitted.account == "by mail: " + c.offer.sender);
}

TEST_CASE("admission: not even our own node brings what is wrong, or not ours") {
    for (Change const& change : std::vector<Change>{
             [](Case& c) { c.offer.signature[0] ^= 1; },
             [](Case& c) { c.facts.recipient.reset(); },
             [](Case& c) { c.facts.accept.max_bytes = 999; },
             [](Case& c) { c.facts.caller = c.facts.self; },
         }) {
        Case c;
        c.facts.by_own_node = true;
        change(c);
        CHECK(admit(c.offer, c.facts).refusal);
    }
}

TEST_CASE("admission: refuses, and says why") {
    struct Row {
        char const* why;
        Change change;
        unsigned status;
        char const* code;
    };

    for (Row const& row : {
             Row{"another node",
                 [](Case& c) { c.facts.self = NodeKey(c.parties.user.public_key()); }, 403,
                 "wrong-node"},
             Row{"another caller",
                 [](Case& c) { c.facts.caller = NodeKey(c.parties.user.public_key()); }, 403,
                 "wrong-sender"},
             Row{"empty",
                 [](Case& c) {
                     c.offer.size = 0;
                     c.sign_again();
                 },
                 403, "empty"},
             Row{"expired now", [](Case& c) { c.facts.now_seconds = c.offer.expires; }, 403,
                 "expired"},
             Row{"lives too long",
                 [](Case& c) {
                     c.offer.expires = c.parties.now + limits::offer_lifetime_seconds +
                                       limits::clock_skew_seconds + 1;
                     c.sign_again();
                 },
                 403, "lives-too-long"},
             Row{"changed after signing", [](Case& c) { ++c.offer.size; }, 403, "bad-signature"},
             Row{"away", [](Case& c) { c.facts.available = false; }, 503, "away"},
             Row{"not served here", [](Case& c) { c.facts.recipient.reset(); }, 403,
                 "unknown-recipient"},
             Row{"too large", [](Case& c) { c.facts.accept.max_bytes = 999; }, 413, "too-large"},
             Row{"too small", [](Case& c) { c.facts.accept.min_bytes = 1'001; }, 403, "too-small"},
             Row{"signed by nobody we know", [](Case& c) { c.as_nobody(); }, 401, "unattested"},
             Row{"domain unknown", [](Case& c) { c.facts.sender_domain = {}; }, 401, "unattested"},
             Row{"the binding of another domain key",
                 [](Case& c) {
                     c.facts.sender_domain.keys = {DomainKey(c.parties.gateway.public_key())};
                 },
                 401, "unattested"},
             Row{"the binding of another address",
                 [](Case& c) {
                     c.bind([](Binding& b) { b.address = *Address::parse("mallory@a.test"); });
                 },
                 401, "unattested"},
             Row{"the binding of another user key",
                 [](Case& c) {
                     c.bind([&](Binding& b) {
                         b.user_key = UserKey(c.parties.sender_node.public_key());
                     });
                 },
                 401, "unattested"},
             Row{"the binding has expired",
                 [](Case& c) { c.bind([&](Binding& b) { b.expires = c.parties.now; }); }, 401,
                 "unattested"},
             Row{"the binding is of the future",
                 [](Case& c) {
                     c.bind([&](Binding& b) {
                         b.issued = c.parties.now + limits::clock_skew_seconds + 1;
                     });
                 },
                 401, "unattested"},
             Row{"tagged address, binding says nothing of tags",
                 [](Case& c) {
                     c.offer.sender = "alice+film@a.test";
                     c.sign_again();
                 },
                 401, "unattested"},
             Row{"sender not in normal form",
                 [](Case& c) {
                     c.offer.sender = "Alice@A.test";
                     c.sign_again();
                 },
                 401, "unattested"},
             Row{"another gateway than our own",
                 [](Case& c) {
                     c.as_own_gateway();
                     c.facts.own_gateways = {c.parties.recipient_node.public_key()};
                 },
                 401, "unattested"},
             Row{"our own gateway, which knows no sender",
                 [](Case& c) {
                     c.offer.sender = "";
                     c.as_own_gateway();
                 },
                 401, "unattested"},
             Row{"our own gateway, for a contact: anybody could say that name in SMTP",
                 [](Case& c) {
                     c.as_own_gateway();
                     c.pin(c.parties.user);
                     c.from(AcceptFrom::contacts);
                 },
                 401, "unattested"},
             Row{"no sender, signed by a gateway",
                 [](Case& c) {
                     c.offer.sender = "";
                     c.as_gateway();
                 },
                 401, "unattested"},
             Row{"contacts only, attested stranger", [](Case& c) { c.from(AcceptFrom::contacts); },
                 403, "no-contact"},
             Row{"contact with a changed key",
                 [](Case& c) {
                     c.from(AcceptFrom::contacts);
                     c.pin(c.parties.sender_node);
                 },
                 403, "changed-key"},
             Row{"contact's name, nobody's key",
                 [](Case& c) {
                     c.from(AcceptFrom::contacts);
                     c.pin(c.parties.user);
                     c.as_nobody();
                 },
                 401, "unattested"},
         }) {
        CAPTURE(row.why);
        Case c;
        row.change(c);
        Admission const admission = admit(c.offer, c.facts);
        REQUIRE(admission.refusal);
        CHECK(admission.refusal->status == row.status);
        CHECK(admission.refusal->code == row.code);
        CHECK_FALSE(admission.refusal->reason.empty());
    }
}

TEST_CASE("admission: a forged binding signature attests nothing") {
    Case c;
    c.offer.sender_binding->signature[0] ^= 1;
    c.sign_again();
    CHECK_FALSE(is_attested(c.offer, c.facts.sender_domain, c.parties.now));
}
