// Whom the resolver believes where somebody is lying.
#include <algorithm>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "dht/address_resolver.h"
#include "src/base/unique_fd.h"
#include "tests/support/await_on.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_location_service.h"
#include "tests/support/storage_user.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

class AnsweringPinger final : public Pinger {
public:
    asio::awaitable<Status> ping(NodeKey, std::vector<Endpoint>) override { co_return Status{}; }

    asio::awaitable<Status> ping_line(NodeKey, GatewayPlace) override { co_return Status{}; }
};

/// Bob, and Eve, who has keys of her own making for the same address.
struct World {
    TempFolder folder;
    asio::io_context io;
    WorkerPool workers{io, 1};
    FakeClock clock;
    FakeDht dht;
    FakeLocationService reader{dht, clock};
    AnsweringPinger pinger;
    AddressResolver resolver{reader, workers, pinger, clock};
    StorageUser bob{"bob@b.test", clock.unix_seconds()};
    StorageUser eve{"bob@b.test", clock.unix_seconds()};
    UniqueFd log_file = *open_file((folder.path() / "log").string(), O_CREAT | O_WRONLY);
    EventLog log{log_file.get()};
    TrustMemory memory = *TrustMemory::open(folder.path() / "trust.db");
    FirstSeen first_seen{memory, workers, log};
    TrustInputs trust;

    World() {
        SeededRandomness chance("eve");
        eve.domain_key = SigningKey::generate(chance);
        eve.user_key = SigningKey::generate(chance);
        eve.node_key = SigningKey::generate(chance);
        eve.age = AgeIdentity::generate(chance).recipient();
        eve.domain = DomainKey(eve.domain_key.public_key());
        eve.user = UserKey(eve.user_key.public_key());
        eve.node = NodeKey(eve.node_key.public_key());
        eve.binding = sign_binding({eve.address, eve.user, eve.age, "", 9, eve.now - 1000,
                                    eve.now + 1'000'000, DomainKey(), Signature{}},
                                   eve.domain_key);
        resolver.use_first_seen(first_seen);
        trust.minimum = Trust::first_seen;
    }

    /// On nodes that check nothing.
    void plant(RecordEnvelope const& record) {
        dht.store[place_of(record)] = encode_record(record);
    }

    static asio::awaitable<TrustInputs> known(TrustInputs inputs) { co_return inputs; }

    LookupReport look_up(CallerLine const& caller = CallerLine::current()) {
        return await_on(io,
                        resolver.resolve(bob.address, [this](Address) { return known(trust); }, {}),
                        usual_deadline, caller);
    }

    /// Whatever Eve says of Bob's address, with every proof but the one that only the domain can
    /// give: a binding of his address to her key. Storing nodes and the envelope's own rules pass
    /// all of it where the proof of the slot is good, so that the reader has to judge.
    std::vector<RecordEnvelope> lies() {
        Binding forged = eve.binding;  // her own domain key's word for his address
        forged.domain_key = bob.domain;
        Address const hers = *Address::parse("eve@b.test");
        Binding const colleague = sign_binding({hers, eve.user, eve.age, "", 9, eve.now - 1000,
                                                eve.now + 1'000'000, DomainKey(), Signature{}},
                                               bob.domain_key);
        std::vector<std::optional<Binding>> const bindings = {eve.binding, bob.binding, forged,
                                                              colleague, std::nullopt};
        std::vector<RecordEnvelope> made;
        for (auto const& binding : bindings) {
            for (Address const& named : {bob.address, hers}) {
                StorageRecord content = eve.record();
                content.address = named;
                content.binding = binding;
                if (binding) content.age_recipient = binding->age_recipient;
                for (SigningKey const* owner :
                     {&eve.domain_key, &eve.user_key, &bob.domain_key, &bob.user_key})
                    lie(made, *owner, content);
            }
        }
        return made;
    }

    /// In the slot of `owner`: with the owner's proof, were it to give one, and with Bob's.
    void lie(std::vector<RecordEnvelope>& made, SigningKey const& owner,
             StorageRecord const& content) {
        RecordEnvelope envelope = eve.draft(lies_made_++ % 1000);
        envelope.slot_owner = owner.public_key();
        envelope.slot_epoch = 9;
        auto const body = encode_storage_record(content);
        if (!body) return;  // the form itself has no room for this lie
        if (envelope.self_owned()) {
            envelope.slot_epoch = 0;
            envelope.slot_expires = envelope.expires;
        } else {
            envelope.slot_proof = sign_slot(owner, envelope.dht_key, envelope.signer,
                                            envelope.slot_epoch, envelope.slot_expires);
        }
        made.push_back(*seal_record(envelope, *body, bob.locator.seal, eve.user_key, eve.chance));
        made.push_back(made.back());
        made.back().signer = bob.user;  // his name over her signature
        envelope.slot_proof = bob.storage().slot_proof;
        made.push_back(*seal_record(envelope, *body, bob.locator.seal, eve.user_key, eve.chance));
    }

    std::uint64_t lies_made_ = 0;
};

}  // namespace

TEST_CASE("resolver trust: the first seen counts, and is remembered; another is an alarm") {
    World world;
    world.plant(world.bob.own_storage());
    auto report = world.look_up();
    CHECK(report.trusted);
    CHECK(report.trust == Trust::first_seen);
    CHECK(report.user_key == world.bob.user);
    CHECK(report.alarm.empty());
    RecordEnvelope claim = world.eve.own_storage();
    world.plant(claim);
    report = world.look_up();
    CHECK_FALSE(report.trusted);
    CHECK_FALSE(report.available);
    CHECK(report.nodes.empty());
    CHECK_FALSE(report.alarm.empty());
    // The switch alone: Bob's own record has gone.
    world.dht.store.erase(place_of(world.bob.own_storage()));
    report = world.look_up();
    CHECK_FALSE(report.trusted);
    CHECK_FALSE(report.alarm.empty());
    world.dht.store.erase(place_of(claim));
    world.plant(world.bob.own_storage(100));
    CHECK(world.look_up().trusted);
}

TEST_CASE("resolver trust: first-seen is off by default, and not for domains that have spoken") {
    struct Row {
        char const* why;
        void (*change)(TrustInputs&);
    };

    for (Row const& row :
         {Row{"minimum", [](TrustInputs& trust) { trust.minimum = Trust::domain; }},
          Row{"has spoken", [](TrustInputs& trust) { trust.domain_has_spoken = true; }},
          Row{"no answer", [](TrustInputs& trust) { trust.temporary = "no answer from DNS"; }},
          Row{"alarm", [](TrustInputs& trust) { trust.alarm = "the key has changed"; }}}) {
        CAPTURE(row.why);
        World world;
        row.change(world.trust);
        world.plant(world.bob.own_storage());
        auto const report = world.look_up();
        CHECK_FALSE(report.trusted);
        CHECK(report.alarm == world.trust.alarm);
        CHECK(report.conclusive == world.trust.temporary.empty());
    }
}

TEST_CASE("resolver trust: whatever is published, the mail of a bound address goes to no other") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        World world;
        SeededRandomness chance("round " + std::to_string(seed));
        auto const coin = [&chance] { return chance.array<1>().front() % 2 == 0; };
        if (seed % 3 == 0) world.trust.pinned = world.bob.user;
        if (seed % 3 != 1) world.trust.domain_keys = {world.bob.domain};
        if (seed % 3 == 1) world.trust.domain_has_spoken = true;
        bool const bob_is_there = coin();
        if (bob_is_there) world.plant(world.bob.storage());
        auto const lies = world.lies();
        CHECK(lies.size() > 60);
        // One slot holds one record: which of the lies stand is the round's own.
        for (std::size_t i = 0; i < lies.size(); ++i) {
            RecordEnvelope const& lie = lies[(i * 37 + seed) % lies.size()];
            bool const over_bob = place_of(lie) == place_of(world.bob.storage());
            if (coin() && (!over_bob || !bob_is_there || coin())) world.plant(lie);
        }
        for (int i = 0; i < 2; ++i) {
            auto const report = world.look_up();
            CHECK(report.user_key != world.eve.user);
            if (report.trusted) CHECK(report.age_recipient == world.bob.age);
            for (NodeReport const& node : report.nodes)
                CHECK(node.node_key == world.bob.node);
        }
    }
}
