// Whatever an attacker publishes, the plan for a bound address never sends to the attacker: the
// resolver's answer, on its way to the gateway, and the planner's plan, with records drawn at
// random from all that somebody can make who knows the address, the storage record and all keys but
// Bob's and the domain's.
#include <algorithm>

#include <doctest/doctest.h>

#include "dht/address_resolver.h"
#include "mailgw/delivery_planner.h"
#include "src/node/json_values.h"
#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"
#include "tests/support/storage_user.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

/// Everybody whom an attacker can name answers, and says that they are available.
class EagerPinger final : public Pinger {
public:
    asio::awaitable<Status> ping(NodeKey, std::vector<Endpoint>) override { co_return Status{}; }

    asio::awaitable<Status> ping_line(NodeKey, GatewayPlace) override { co_return Status{}; }
};

class Dice {
public:
    explicit Dice(std::string const& seed)
        : chance_(seed) {}

    std::size_t below(std::size_t count) {
        auto const bytes = chance_.array<4>();
        return (bytes[0] | std::size_t{bytes[1]} << 8U | std::size_t{bytes[2]} << 16U) % count;
    }

    bool odds(std::size_t one_in) { return below(one_in) == 0; }

    template <class Item>
    Item const& one_of(std::vector<Item> const& items) {
        return items[below(items.size())];
    }

private:
    SeededRandomness chance_;
};

/// Bob with his domain, and Mallory, who has a domain and is a user of Bob's as well.
class Attack {
public:
    FakeClock clock;
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    StorageUser mallory{"mallory@b.test", clock.unix_seconds()};
    GatewayPlace const bobs_gateway{"192.0.2.1:7473", NodeKey(bob.user)};
    GatewayPlace const mallorys_gateway{"203.0.113.1:7473", mallory.node};

    Attack() {
        bob.binding = bound(bob.address, bob.user, bob.age, 2, bob.domain_key);
        mallory.binding = bound(bob.address, mallory.user, mallory.age, 9, mallory.domain_key);
        former_ = bob.storage(900);
    }

    RecordEnvelope bobs_record(std::uint64_t step = 500) {
        StorageRecord content = bob.record();
        content.gateway = bobs_gateway;
        return bob.sealed(bob.draft(step), content);
    }

    /// Bytes, and where they lie. Mallory's nodes store whatever she likes.
    std::pair<RecordPlace, Bytes> lie(Dice& dice) {
        RecordEnvelope made = dice.odds(6)   ? presence(dice)
                              : dice.odds(8) ? revocation(dice)
                              : dice.odds(8) ? replay(dice)
                                             : storage(dice);
        Bytes bytes = encode_record(made);
        if (dice.odds(10)) {
            auto const at = dice.below(bytes.size());
            bytes[at] = static_cast<Byte>(bytes[at] ^ (1U << dice.below(8)));
        }
        if (dice.odds(20)) bytes.resize(dice.below(bytes.size()));
        RecordPlace place = place_of(made);
        if (dice.odds(8)) place = place_of(bobs_record());
        return {place, std::move(bytes)};
    }

private:
    static Binding bound(Address const& address, UserKey const& user, AgeRecipient const& age,
                         std::uint64_t epoch, SigningKey const& domain) {
        auto const now = FakeClock().unix_seconds();
        return sign_binding(
            {address, user, age, "", epoch, now - 1'000, now + 1'000'000, DomainKey(), Signature{}},
            domain);
    }

    Binding binding(Dice& dice) {
        Binding forged = mallory.binding;
        forged.domain_key = bob.domain;
        Binding bent = bob.binding;
        bent.user_key = mallory.user;
        Binding other_age = bob.binding;
        other_age.age_recipient = mallory.age;
        return dice.one_of(std::vector<Binding>{mallory.binding, bob.binding, colleague_, forged,
                                                bent, other_age});
    }

    StorageRecord content(Dice& dice) {
        StorageRecord content = mallory.record();
        content.address = dice.one_of(std::vector<Address>{bob.address, mallory.address});
        content.binding = dice.odds(4) ? std::nullopt : std::optional(binding(dice));
        content.age_recipient = content.binding && !dice.odds(4)
                                    ? content.binding->age_recipient
                                    : dice.one_of(std::vector{mallory.age, bob.age});
        content.nodes.clear();
        std::vector<NodeKey> named{mallory.node, bob.node};
        if (dice.odds(3)) named.erase(named.begin() + static_cast<int>(dice.below(2)));
        for (NodeKey const& node : named) {
            content.nodes.push_back(
                {node, static_cast<std::uint32_t>(dice.below(20)),
                 dice.one_of(std::vector{mallory.presence_secret, bob.presence_secret})});
        }
        content.gateway = mallorys_gateway;
        return content;
    }

    /// A slot proof that she can make, or has seen.
    std::optional<Signature> proof(Dice& dice, RecordEnvelope const& envelope) {
        auto const hers = [&](SigningKey const& key, PublicKey const& signer) {
            return sign_slot(key, envelope.dht_key, signer, envelope.slot_epoch,
                             envelope.slot_expires);
        };
        return dice.one_of(std::vector<std::optional<Signature>>{
            hers(mallory.domain_key, envelope.signer), hers(mallory.user_key, envelope.signer),
            bob.storage().slot_proof, former_.slot_proof, Signature{}, std::nullopt});
    }

    RecordEnvelope storage(Dice& dice) {
        RecordEnvelope envelope = mallory.draft(dice.below(2'000));
        envelope.dht_key = dice.odds(10) ? mallory.locator.key : bob.locator.key;
        envelope.slot_owner = dice.one_of(
            std::vector<PublicKey>{bob.domain, bob.domain, bob.user, mallory.domain, mallory.user});
        envelope.signer = dice.one_of(std::vector<PublicKey>{mallory.user, mallory.user, bob.user,
                                                             mallory.domain, PublicKey{}});
        envelope.slot_epoch = dice.one_of(std::vector<std::uint64_t>{0, 1, 2, 3, 9});
        if (dice.odds(3)) envelope.slot_expires = bob.binding.expires;
        if (envelope.self_owned()) {
            envelope.slot_epoch = 0;
            envelope.slot_expires = envelope.expires;
        } else {
            envelope.slot_proof = proof(dice, envelope);
        }
        return sealed(dice, std::move(envelope), content(dice));
    }

    RecordEnvelope sealed(Dice& dice, RecordEnvelope envelope, StorageRecord content) {
        SigningKey const& key = dice.odds(4) ? mallory.domain_key : mallory.user_key;
        auto body = encode_storage_record(content);
        if (!body) {  // the form itself has no room for this lie
            content.binding.reset();
            body = encode_storage_record(content);
        }
        REQUIRE(body);
        auto made = seal_record(envelope, *body, bob.locator.seal, key, mallory.chance);
        if (!made) return former_;
        // Her signature over somebody else's name, too.
        made->signature = sign_record(*made, key);
        return std::move(*made);
    }

    /// Of Bob's node, whose presence secret stands in Bob's record, or of hers.
    RecordEnvelope presence(Dice& dice) {
        PresenceRecord words;
        words.available = true;
        words.control = {{"203.0.113.1", 7473}};
        RecordEnvelope made = mallory.presence_of(words, dice.below(1'000));
        if (dice.odds(3)) return made;
        made.dht_key = presence_key(bob.node);
        made.slot_owner = dice.one_of(std::vector<PublicKey>{bob.node, mallory.node});
        made.signer = dice.one_of(std::vector<PublicKey>{bob.node, mallory.node});
        if (!made.self_owned()) made.slot_proof = proof(dice, made);
        auto const body = encode_presence_record(words);
        auto const sealed =
            seal_record(made, *body, bob.presence_secret, mallory.node_key, mallory.chance);
        if (!sealed) return former_;
        made = *sealed;
        made.signature = sign_record(made, mallory.node_key);
        return made;
    }

    RecordEnvelope revocation(Dice& dice) {
        RevocationTimes times;
        times.epoch = 9;
        times.seq = mallory.now * 1000;
        times.issued = mallory.now;
        times.expires = mallory.now + 1'000;
        times.slot_expires = times.expires;
        RecordEnvelope made = sign_revocation(mallory.domain_key, bob.locator.key, times);
        if (dice.odds(2)) made.slot_owner = bob.domain;
        return made;
    }

    RecordEnvelope replay(Dice& dice) {
        return dice.one_of(
            std::vector<RecordEnvelope>{former_, bob.own_storage(800), bob.presence(true, 900)});
    }

    /// What a domain gives its users: the one thing that Mallory has from Bob's.
    Binding colleague_ = bound(mallory.address, mallory.user, mallory.age, 2, bob.domain_key);
    RecordEnvelope former_;
};

asio::awaitable<TrustInputs> known(TrustInputs inputs) {
    co_return inputs;
}

/// What the reader knows beforehand. Bob is bound: his domain has spoken, or he is pinned.
TrustInputs inputs_of(Attack const& attack, Dice& dice) {
    TrustInputs inputs;
    inputs.domain_has_spoken = true;
    inputs.minimum =
        dice.one_of(std::vector<Trust>{Trust::domain, Trust::domain, Trust::first_seen});
    bool const pinned = dice.odds(3);
    if (pinned) inputs.pinned = attack.bob.user;
    if (!pinned || dice.odds(2)) inputs.domain_keys = {attack.bob.domain};
    if (dice.odds(10)) inputs.domain_keys.clear();
    if (dice.odds(10)) inputs.alarm = "the keys have changed";
    return inputs;
}

void check_plan(Attack const& attack, LookupReport const& answer) {
    auto const report = node::lookup_report_of(node::json_of(answer));
    REQUIRE(report);
    mailgw::PlanningFacts const message{{100'000}, "alice@a.test", false, true};
    auto const planned = mailgw::plan_delivery(message, *report, "");
    CHECK(report->user_key != attack.mallory.user);
    if (planned.plan == mailgw::Plan::full) return;
    CHECK(report->user_key == attack.bob.user);
    CHECK(report->age_recipient == attack.bob.age);
    CHECK(report->storage_address == attack.bob.address);
    bool const his_gateway = !report->gateway || *report->gateway == attack.bobs_gateway;
    CHECK(his_gateway);
    for (NodeReport const& node : report->nodes) {
        CHECK(node.node_key == attack.bob.node);
        for (Endpoint const& endpoint : node.endpoints)
            CHECK(endpoint.ip == "127.0.0.1");
    }
}

}  // namespace

TEST_CASE("bound address: whatever an attacker publishes, no plan sends to the attacker") {
    Attack attack;
    unsigned to_bob = 0;
    for (unsigned round = 0; round < 400; ++round) {
        CAPTURE(round);
        Dice dice("round " + std::to_string(round));
        asio::io_context io;
        WorkerPool workers{io, 1};
        FakeDht dht;
        FakeLocationService reader{dht, attack.clock};
        EagerPinger pinger;
        AddressResolver resolver{reader, workers, pinger, attack.clock};
        auto const inputs = inputs_of(attack, dice);
        auto const look_up = [&] {
            auto trust = [&](Address) { return known(inputs); };
            auto const report = await_on(io, resolver.resolve(attack.bob.address, trust, {}));
            check_plan(attack, report);
            return report;
        };
        auto const store = [&](RecordEnvelope const& record) {
            dht.store[place_of(record)] = encode_record(record);
        };
        bool const bob_is_there = !dice.odds(4);
        if (bob_is_there) {
            store(attack.bobs_record());
            store(attack.bob.own_storage());
            store(attack.bob.presence());
        }
        bool const seen_before = dice.odds(2);
        if (seen_before) look_up();
        for (std::size_t left = 1 + dice.below(40); left > 0; --left) {
            auto const [place, bytes] = attack.lie(dice);
            dht.store[place] = bytes;
        }
        if (look_up().trusted) ++to_bob;
        // What she has made him forget comes back: nothing of hers has stuck in the reader.
        store(attack.bobs_record(400));
        store(attack.bob.presence(true, 300));
        auto const after = look_up();
        bool const key_known = !inputs.domain_keys.empty();
        if (key_known) CHECK(after.available);
    }
    CHECK(to_bob > 50);  // the attack leaves enough of Bob for the checks to bite
}
