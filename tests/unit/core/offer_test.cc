#include "src/core/offer.h"

#include <doctest/doctest.h>

#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

TEST_CASE("offer: the bytes of FORMATS.md") {
    VectorFile vectors("offer");
    Offer const offer = sample_offer();
    vectors.check("offer", encode_offer(offer));
    vectors.check("digest", digest_of(offer));
}

TEST_CASE("offer: comes back as it went, bare and at its bounds") {
    Offer bare = sample_offer();
    bare.sender.clear();
    bare.sender_binding.reset();
    bare.grant.clear();
    bare.label.clear();
    bare.control.clear();
    bare.swarm.clear();
    Offer longest = sample_offer();
    longest.sender = longest_address().text();
    longest.sender_binding = sample_binding(longest_address());
    longest.size = longest.expires = ~0ULL;
    longest.grant.resize(limits::grant_bytes);
    longest.label.resize(limits::label_bytes);
    longest.control = longest.swarm =
        std::vector<Endpoint>(limits::endpoints_per_list, {"2001:db8::1", 65535});
    for (Offer const& draft : {sample_offer(), bare, longest}) {
        Offer const offer = sign_offer(draft, sample_key("user"));
        Bytes const bytes = encode_offer(offer);
        CHECK(bytes.size() <= limits::offer_bytes);
        auto const back = decode_offer(bytes);
        REQUIRE(back);
        CHECK(*back == offer);
        CHECK(offer_signature_holds(*back));
        CHECK(digest_of(*back) == digest_of(offer));
    }
    CHECK(digest_of(sample_offer()) != digest_of(sign_offer(bare, sample_key("user"))));
}

TEST_CASE("offer: every field is signed") {
    struct Row {
        char const* field;
        void (*change)(Offer&);
    };

    for (Row const& row : {
             Row{"id", [](Offer& o) { o.id.bytes[0] ^= 1; }},
             Row{"content id", [](Offer& o) { o.content_id.bytes[0] ^= 1; }},
             Row{"size", [](Offer& o) { ++o.size; }},
             Row{"sender", [](Offer& o) { o.sender = "eve@b.test"; }},
             Row{"binding", [](Offer& o) { o.sender_binding.reset(); }},
             Row{"recipient", [](Offer& o) { o.recipient[0] ^= 1; }},
             Row{"grant", [](Offer& o) { o.grant[0] ^= 1; }},
             Row{"label", [](Offer& o) { o.label.pop_back(); }},
             Row{"recipient's node", [](Offer& o) { o.recipient_node.bytes[0] ^= 1; }},
             Row{"sender's node", [](Offer& o) { o.sender_node.bytes[0] ^= 1; }},
             Row{"control", [](Offer& o) { o.control.pop_back(); }},
             Row{"swarm", [](Offer& o) { ++o.swarm[0].port; }},
             Row{"expires", [](Offer& o) { ++o.expires; }},
             Row{"signer", [](Offer& o) { o.signer = sample_key("eve").public_key(); }},
             Row{"signature", [](Offer& o) { o.signature[0] ^= 1; }},
         }) {
        CAPTURE(row.field);
        Offer offer = sample_offer();
        REQUIRE(offer_signature_holds(offer));
        row.change(offer);
        CHECK_FALSE(offer_signature_holds(offer));
    }
}

TEST_CASE("offer: cut, bent or longer, it is refused or does not hold") {
    Bytes const bytes = encode_offer(sample_offer());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_offer(ByteSpan(bytes).first(at)));
        auto const other = decode_offer(bent(bytes, at));
        CHECK_FALSE((other && offer_signature_holds(*other)));
    }
    CHECK_FALSE(decode_offer(with_byte_after(bytes)));
    CHECK(decode_offer(Bytes(limits::offer_bytes + 1)).error().fault == Fault::too_large);
}

TEST_CASE("offer: refuses what is over its bounds, though it is signed") {
    struct Row {
        char const* why;
        void (*change)(Offer&);
    };

    for (Row const& row : {
             Row{"grant", [](Offer& o) { o.grant.resize(limits::grant_bytes + 1); }},
             Row{"label", [](Offer& o) { o.label.resize(limits::label_bytes + 1); }},
             Row{"five control endpoints",
                 [](Offer& o) {
                     o.control.assign(5, {"192.0.2.1", 1});
                 }},
             Row{"five swarm endpoints",
                 [](Offer& o) {
                     o.swarm.assign(5, {"192.0.2.1", 1});
                 }},
             Row{"port 0",
                 [](Offer& o) {
                     o.control = {{"192.0.2.1", 0}};
                 }},
             Row{"host name",
                 [](Offer& o) {
                     o.control = {{"localhost", 1}};
                 }},
             Row{"sender not normal", [](Offer& o) { o.sender = "Bob@b.test"; }},
             Row{"sender no address", [](Offer& o) { o.sender = "bob"; }},
             Row{"sender of two lines", [](Offer& o) { o.sender = "bob@b.test\r\nX: y"; }},
             Row{"binding's rule", [](Offer& o) { o.sender_binding->subaddress = "*"; }},
         }) {
        CAPTURE(row.why);
        Offer draft = sample_offer();
        row.change(draft);
        Offer const offer = sign_offer(draft, sample_key("user"));
        REQUIRE(offer_signature_holds(offer));
        auto const back = decode_offer(encode_offer(offer));
        REQUIRE_FALSE(back);
        CHECK(back.error().fault == Fault::corrupt);
    }
}

TEST_CASE("offer id: 32 lower-case hex digits") {
    std::string const text = "00112233445566778899aabbccddeeff";
    auto const id = OfferId::parse(text);
    REQUIRE(id);
    CHECK(id->to_hex() == text);
    for (std::string const& bad :
         {std::string(), text.substr(2), text + "00", std::string(32, 'A'), std::string(32, 'g')}) {
        CAPTURE(bad);
        CHECK_FALSE(OfferId::parse(bad));
    }
}
