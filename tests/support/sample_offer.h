// An offer that a storage node should take, signed as its sender would: tests spoil one thing of
// it.
#pragma once

#include <string>

#include "src/core/binding.h"
#include "src/core/locator.h"
#include "src/core/offer.h"
#include "tests/support/seeded_randomness.h"

namespace satchel::testing {

/// Sender, their domain and gateway, and the recipient's node.
struct OfferParties {
    explicit OfferParties(std::uint64_t now_seconds = 1'800'000'000)
        : now(now_seconds)
        , domain(SigningKey::generate(chance))
        , gateway(SigningKey::generate(chance))
        , user(SigningKey::generate(chance))
        , sender_node(SigningKey::generate(chance))
        , recipient_node(SigningKey::generate(chance))
        , recipient(*Address::parse("bob@b.test")) {}

    std::uint64_t now;  ///< Unix seconds
    SeededRandomness chance{"offer parties"};
    SigningKey domain;
    SigningKey gateway;
    SigningKey user;
    SigningKey sender_node;
    SigningKey recipient_node;
    Address recipient;
    std::string sender = "alice@a.test";

    Binding binding() {
        Binding draft{*Address::parse(sender),
                      UserKey(user.public_key()),
                      AgeIdentity::generate(chance).recipient(),
                      "",
                      1,
                      now - 1000,
                      now + 1000,
                      DomainKey(),
                      Signature{}};
        return sign_binding(std::move(draft), domain);
    }

    Offer draft(ContentId const& id, std::uint64_t size) {
        Offer offer;
        offer.id.bytes = chance.array<16>();
        offer.content_id = id;
        offer.size = size;
        offer.sender = sender;
        offer.recipient = address_tag(recipient);
        offer.grant = Bytes{1, 2, 3};
        offer.label = Bytes{4, 5};
        offer.recipient_node = NodeKey(recipient_node.public_key());
        offer.sender_node = NodeKey(sender_node.public_key());
        offer.expires = now + 600;
        return offer;
    }

    Offer signed_by_user(Offer offer) {
        offer.sender_binding = binding();
        return sign_offer(std::move(offer), user);
    }
};

}  // namespace satchel::testing
