#include "src/core/binding.h"

#include <doctest/doctest.h>

#include "src/base/base64.h"
#include "src/core/msgpack_codec.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

/// An array like a binding's, with one field of the test's making.
Bytes binding_with(std::size_t field, void (*write)(MsgpackWriter&)) {
    Binding const good = sample_binding();
    MsgpackWriter out;
    out.array(9);
    auto const put = [&](std::size_t at, auto const& usual) {
        if (at == field)
            write(out);
        else
            usual();
    };
    put(0, [&] { out.text(good.address.text()); });
    put(1, [&] { out.binary(good.user_key.bytes); });
    put(2, [&] { out.binary(good.age_recipient.bytes); });
    put(3, [&] { out.text(good.subaddress); });
    put(4, [&] { out.number(good.slot_epoch); });
    put(5, [&] { out.number(good.issued); });
    put(6, [&] { out.number(good.expires); });
    put(7, [&] { out.binary(good.domain_key.bytes); });
    put(8, [&] { out.binary(good.signature); });
    return out.take();
}

}  // namespace

TEST_CASE("binding: the bytes of FORMATS.md") {
    VectorFile vectors("binding");
    Binding const binding = sample_binding();
    vectors.check("domain seed", sample_key("domain").seed());
    vectors.check("user seed", sample_key("user").seed());
    vectors.check("binding", encode_binding(binding));
    vectors.check("slot proof", sign_slot(sample_key("domain"), sample_place(), binding.user_key, 7,
                                          binding.expires));
    MsgpackWriter id;
    vectors.check("slot id", id.number(slot_id(binding.domain_key)).take());
    vectors.check("line",
                  bytes_of(grant_binding(unsigned_binding(), sample_key("domain")).to_line()));
}

TEST_CASE("binding: comes back as it went, at the bounds too") {
    for (Address const& address : {sample_address(), longest_address()}) {
        Binding const binding = sample_binding(address);
        Bytes const bytes = encode_binding(binding);
        CHECK(bytes.size() <= limits::binding_bytes);
        auto const back = decode_binding(bytes);
        REQUIRE(back);
        CHECK(*back == binding);
        CHECK(back->signature_holds());
    }
}

TEST_CASE("binding: all bounds at once fit its own") {
    Binding longest = sample_binding(longest_address());
    longest.slot_epoch = longest.issued = longest.expires = ~0ULL;
    Bytes const bytes = encode_binding(longest);
    CHECK(bytes.size() == 454);
    CHECK(bytes.size() <= limits::binding_bytes);
    CHECK(decode_binding(bytes));
    CHECK(BindingGrant{longest, {}}.to_line().size() <= limits::binding_line_octets);
}

TEST_CASE("binding: every field is signed") {
    struct Row {
        char const* field;
        void (*change)(Binding&);
    };

    for (Row const& row : {
             Row{"address", [](Binding& b) { b.address = sample_address("eve@b.test"); }},
             Row{"user key",
                 [](Binding& b) { b.user_key = UserKey(sample_key("x").public_key()); }},
             Row{"age recipient", [](Binding& b) { b.age_recipient.bytes[0] ^= 1; }},
             Row{"subaddress", [](Binding& b) { b.subaddress = ""; }},
             Row{"epoch", [](Binding& b) { ++b.slot_epoch; }},
             Row{"issued", [](Binding& b) { ++b.issued; }},
             Row{"expires", [](Binding& b) { ++b.expires; }},
             Row{"domain key",
                 [](Binding& b) { b.domain_key = DomainKey(sample_key("x").public_key()); }},
             Row{"signature", [](Binding& b) { b.signature[63] ^= 1; }},
         }) {
        CAPTURE(row.field);
        Binding binding = sample_binding();
        REQUIRE(binding.signature_holds());
        row.change(binding);
        CHECK_FALSE(binding.signature_holds());
    }
}

TEST_CASE("binding: cut, bent or longer, it is refused or does not hold") {
    Bytes const bytes = encode_binding(sample_binding());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_binding(ByteSpan(bytes).first(at)));
        auto const other = decode_binding(bent(bytes, at));
        CHECK_FALSE((other && other->signature_holds()));
    }
    CHECK_FALSE(decode_binding(with_byte_after(bytes)));
}

TEST_CASE("binding: refuses what it did not write") {
    struct Row {
        char const* why;
        std::size_t field;
        void (*write)(MsgpackWriter&);
    };

    REQUIRE(decode_binding(binding_with(99, nullptr)));
    for (Row const& row : {
             Row{"not the normal form", 0, [](MsgpackWriter& out) { out.text("Bob@b.test"); }},
             Row{"no address", 0, [](MsgpackWriter& out) { out.text("bob"); }},
             Row{"address in binary", 0, [](MsgpackWriter& out) { out.binary(Bytes{1}); }},
             Row{"short key", 1, [](MsgpackWriter& out) { out.binary(Bytes(31)); }},
             Row{"long age recipient", 2, [](MsgpackWriter& out) { out.binary(Bytes(33)); }},
             Row{"another rule", 3, [](MsgpackWriter& out) { out.text("-"); }},
             Row{"longer rule", 3, [](MsgpackWriter& out) { out.text("++"); }},
             Row{"epoch as text", 4, [](MsgpackWriter& out) { out.text("7"); }},
             Row{"time as boolean", 6, [](MsgpackWriter& out) { out.flag(true); }},
             Row{"short signature", 8, [](MsgpackWriter& out) { out.binary(Bytes(63)); }},
         }) {
        CAPTURE(row.why);
        auto const binding = decode_binding(binding_with(row.field, row.write));
        REQUIRE_FALSE(binding);
        CHECK(binding.error().fault == Fault::corrupt);
    }
    CHECK(decode_binding(Bytes(limits::binding_bytes + 1)).error().fault == Fault::too_large);
}

TEST_CASE("slot proof: holds for its owner, place, signer, epoch and end alone") {
    SigningKey const domain = sample_key("domain");
    PublicKey const user = sample_key("user").public_key();
    PublicKey const other = sample_key("other").public_key();
    Signature const proof = sign_slot(domain, sample_place(), user, 7, 1000);
    PublicKey const& owner = domain.public_key();
    CHECK(slot_proof_holds(owner, sample_place(), user, 7, 1000, proof));
    CHECK_FALSE(slot_proof_holds(other, sample_place(), user, 7, 1000, proof));
    CHECK_FALSE(slot_proof_holds(owner, DhtKey{}, user, 7, 1000, proof));
    CHECK_FALSE(slot_proof_holds(owner, sample_place(), other, 7, 1000, proof));
    CHECK_FALSE(slot_proof_holds(owner, sample_place(), user, 8, 1000, proof));
    CHECK_FALSE(slot_proof_holds(owner, sample_place(), user, 7, 1001, proof));
    CHECK_FALSE(slot_proof_holds(owner, sample_place(), user, 7, 1000, Signature{}));
    CHECK(slot_id(owner) != slot_id(user));
}

TEST_CASE("binding grant: one line, there and back") {
    BindingGrant const grant = grant_binding(unsigned_binding(), sample_key("domain"));
    std::string const line = grant.to_line();
    CHECK(line.starts_with("satchel-binding:1:"));
    CHECK(line.find_first_of(" \n") == std::string::npos);
    auto const back = BindingGrant::parse(line);
    REQUIRE(back);
    CHECK(*back == grant);
    CHECK(slot_proof_holds(back->binding.domain_key, locate(sample_address()).key,
                           back->binding.user_key, 7, back->binding.expires, back->slot_proof));
}

TEST_CASE("binding grant: refuses what does not hold") {
    BindingGrant const grant = grant_binding(unsigned_binding(), sample_key("domain"));
    std::string const line = grant.to_line();
    BindingGrant other_proof = grant;
    other_proof.slot_proof[5] ^= 1;
    BindingGrant other_user = grant;
    other_user.binding.user_key = UserKey(sample_key("eve").public_key());

    struct Row {
        char const* why;
        std::string line;
    };

    std::string bent_line = line;
    bent_line[60] = bent_line[60] == 'A' ? 'B' : 'A';
    for (Row const& row :
         {Row{"empty", ""}, Row{"other version", "satchel-binding:2:" + line.substr(18)},
          Row{"line end", line + "\n"}, Row{"space before", " " + line},
          Row{"cut", line.substr(0, line.size() - 4)}, Row{"one character", bent_line},
          Row{"forged proof", other_proof.to_line()}, Row{"forged binding", other_user.to_line()},
          Row{"nothing within", "satchel-binding:1:"},
          Row{"too long", "satchel-binding:1:" + std::string(limits::binding_line_octets, 'A')}}) {
        CAPTURE(row.why);
        auto const parsed = BindingGrant::parse(row.line);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().fault == Fault::usage);
    }
}
