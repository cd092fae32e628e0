#include "src/core/receipt_proof.h"

#include <doctest/doctest.h>

#include "src/base/base64.h"
#include "src/core/msgpack_codec.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

Bytes sealed_record(StorageRecord const& record, RecordEnvelope draft) {
    Locator const locator = locate(record.address);
    draft.dht_key = locator.key;
    if (!draft.self_owned()) draft = proven(std::move(draft));
    SeededRandomness chance("proof");
    auto const body = encode_storage_record(record);
    REQUIRE(body);
    auto const sealed =
        seal_record(std::move(draft), *body, locator.seal, sample_key("user"), chance);
    REQUIRE(sealed);
    return encode_record(*sealed);
}

Bytes bobs_record() {
    return sealed_record(sample_storage_record(), storage_draft());
}

Offer offer_for_bob() {
    Offer offer = sample_offer();
    offer.recipient = address_tag(sample_address());
    return sign_offer(std::move(offer), sample_key("user"));
}

/// Of bob's node, one minute after his record was signed.
ReceiptProof sample_proof(Offer const& offer = offer_for_bob()) {
    Receipt draft;
    draft.offer = digest_of(offer);
    draft.content_id = offer.content_id;
    draft.size = offer.size;
    draft.time = sample_now + 60;
    return {sign_receipt(draft, sample_key("node")), offer, sample_address(), bobs_record()};
}

void sign_again(ReceiptProof& proof) {
    proof.receipt = sign_receipt(proof.receipt, sample_key("node"));
}

}  // namespace

TEST_CASE("receipt proof: the bytes of FORMATS.md") {
    VectorFile vectors("receipt_proof");
    ReceiptProof const proof = sample_proof();
    MsgpackWriter out;
    out.array(4)
        .binary(encode_receipt(proof.receipt))
        .binary(encode_offer(proof.offer))
        .text("bob@b.test")
        .binary(proof.record);
    Bytes const bytes = out.take();
    CHECK(encode_receipt_proof(proof) == bytes);
    CHECK(proof.to_line() == "satchel-receipt:1:" + to_base64(bytes));
    vectors.check("proof", bytes);
}

TEST_CASE("receipt proof: comes back as it went, and holds") {
    Offer longest = offer_for_bob();
    longest.sender = longest_address().text();
    longest.sender_binding = sample_binding(longest_address());
    longest.grant.resize(limits::grant_bytes);
    longest.label.resize(limits::label_bytes);
    longest.control = longest.swarm =
        std::vector<Endpoint>(limits::endpoints_per_list, {"2001:db8::1", 65535});
    longest = sign_offer(std::move(longest), sample_key("user"));
    for (Offer const& offer : {offer_for_bob(), longest}) {
        ReceiptProof const proof = sample_proof(offer);
        auto const back = ReceiptProof::parse(proof.to_line());
        REQUIRE(back);
        CHECK(*back == proof);
        auto const verdict = ReceiptVerifier().verify(*back);
        CHECK(verdict.signature_holds);
        CHECK(verdict.node_known);
        CHECK(verdict.reason.empty());
        CHECK(verdict.node == NodeKey(sample_key("node").public_key()));
        CHECK(verdict.user_key == UserKey(sample_key("user").public_key()));
        CHECK(verdict.domain_key == DomainKey(sample_key("domain").public_key()));
    }
}

TEST_CASE("receipt proof: a record in the user's own slot says nothing of the domain") {
    ReceiptProof proof = sample_proof();
    proof.record = sealed_record(sample_storage_record(), own_draft());
    auto const verdict = ReceiptVerifier().verify(proof);
    CHECK(verdict.node_known);
    CHECK(verdict.user_key == UserKey(sample_key("user").public_key()));
    CHECK_FALSE(verdict.domain_key);
}

TEST_CASE("receipt proof: what is no receipt for this offer and recipient") {
    struct Row {
        char const* why;
        void (*change)(ReceiptProof&);
    };

    for (Row const& row : {
             Row{"signature", [](ReceiptProof& p) { p.receipt.signature[3] ^= 1; }},
             Row{"time", [](ReceiptProof& p) { ++p.receipt.time; }},
             Row{"size", [](ReceiptProof& p) { ++p.receipt.size; }},
             Row{"other node's key",
                 [](ReceiptProof& p) { p.receipt.node = NodeKey(sample_key("eve").public_key()); }},
             Row{"signed by a node that was not asked",
                 [](ReceiptProof& p) {
                     p.receipt = sign_receipt(p.receipt, sample_key("node-2"));
                 }},
             Row{"another offer of the same blob",
                 [](ReceiptProof& p) {
                     p.offer.id.bytes[0] ^= 1;
                     p.offer = sign_offer(p.offer, sample_key("user"));
                 }},
             Row{"another offer, signed so by the node",
                 [](ReceiptProof& p) {
                     ++p.offer.expires;
                     sign_again(p);
                 }},
             Row{"another blob, signed so by the node",
                 [](ReceiptProof& p) {
                     p.receipt.content_id.bytes[0] ^= 1;
                     sign_again(p);
                 }},
             Row{"another recipient",
                 [](ReceiptProof& p) { p.recipient = sample_address("carol@b.test"); }},
         }) {
        CAPTURE(row.why);
        ReceiptProof proof = sample_proof();
        row.change(proof);
        auto const verdict = ReceiptVerifier().verify(proof);
        CHECK_FALSE(verdict.signature_holds);
        CHECK_FALSE(verdict.node_known);
        CHECK_FALSE(verdict.reason.empty());
    }
}

TEST_CASE("receipt proof: records that do not make the node the recipient's") {
    struct Row {
        char const* why;
        void (*change)(ReceiptProof&);
    };

    for (Row const& row : {
             Row{"none", [](ReceiptProof& p) { p.record.clear(); }},
             Row{"bent", [](ReceiptProof& p) { p.record[600] ^= 1; }},
             Row{"cut", [](ReceiptProof& p) { p.record.pop_back(); }},
             Row{"no record at all", [](ReceiptProof& p) { p.record.assign(1120, 0); }},
             Row{"expired by then",
                 [](ReceiptProof& p) {
                     p.receipt.time = sample_now + limits::storage_record_lifetime_seconds;
                     sign_again(p);
                 }},
             Row{"signed later",
                 [](ReceiptProof& p) {
                     p.receipt.time = sample_now - limits::clock_skew_seconds - 1;
                     sign_again(p);
                 }},
             Row{"of somebody else",
                 [](ReceiptProof& p) {
                     StorageRecord record = sample_storage_record();
                     record.address = sample_address("carol@b.test");
                     record.binding = sample_binding(record.address);
                     p.record = sealed_record(record, storage_draft());
                 }},
             Row{"names other nodes",
                 [](ReceiptProof& p) {
                     StorageRecord record = sample_storage_record();
                     record.nodes.erase(record.nodes.begin());
                     p.record = sealed_record(record, storage_draft());
                 }},
             Row{"withdrawn",
                 [](ReceiptProof& p) {
                     StorageRecord record = sample_storage_record();
                     record.nodes.clear();
                     p.record = sealed_record(record, storage_draft());
                 }},
             Row{"the domain did not sign the binding",
                 [](ReceiptProof& p) {
                     StorageRecord record = sample_storage_record();
                     record.binding->signature[0] ^= 1;
                     p.record = sealed_record(record, storage_draft());
                 }},
             Row{"revoked",
                 [](ReceiptProof& p) {
                     p.record = encode_record(sign_revocation(
                         sample_key("domain"), locate(p.recipient).key,
                         {8, sample_now * 1000, sample_now, sample_now + 1000, sample_now + 2000}));
                 }},
         }) {
        CAPTURE(row.why);
        ReceiptProof proof = sample_proof();
        row.change(proof);
        auto const verdict = ReceiptVerifier().verify(proof);
        CHECK(verdict.signature_holds);
        CHECK_FALSE(verdict.node_known);
        CHECK_FALSE(verdict.reason.empty());
    }
}

TEST_CASE("receipt proof: bytes that are none") {
    Bytes const bytes = encode_receipt_proof(sample_proof());
    ReceiptVerifier verifier;  // keeps the locator, which costs 24 ms
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_receipt_proof(ByteSpan(bytes).first(at)));
        auto const other = decode_receipt_proof(bent(bytes, at));
        if (!other) continue;
        // Nothing in it is free to be another.
        auto const verdict = verifier.verify(*other);
        CHECK_FALSE((verdict.signature_holds && verdict.node_known));
    }
    CHECK_FALSE(decode_receipt_proof(with_byte_after(bytes)));
    CHECK(decode_receipt_proof(Bytes(limits::receipt_proof_bytes + 1)).error().fault ==
          Fault::too_large);
    ReceiptProof large = sample_proof();
    large.record.resize(limits::storage_record_bytes + 1);
    CHECK_FALSE(decode_receipt_proof(encode_receipt_proof(large)));
}

TEST_CASE("receipt proof: a file of lines") {
    std::string const line = sample_proof().to_line();
    for (std::string const& good : {line, line + "\n", line + "\r\n", "# from alice\n\n" + line}) {
        auto const proofs = parse_receipt_lines(good);
        REQUIRE(proofs);
        CHECK(proofs->size() == 1);
    }
    CHECK(parse_receipt_lines(line + "\n#\n" + line + "\n")->size() == 2);

    struct Row {
        char const* why;
        std::string text;
    };

    for (Row const& row : {
             Row{"not ours", "hello\n"},
             Row{"a blank before it", " " + line},
             Row{"a blank after it", line + " "},
             Row{"version 2", "satchel-receipt:2:" + line.substr(18)},
             Row{"nothing after the prefix", "satchel-receipt:1:"},
             Row{"base64 cut", line.substr(0, line.size() - 1)},
             Row{"one letter gone", line.substr(0, 30) + line.substr(31)},
             Row{"good, then bad", line + "\nsatchel-receipt:1:AAAA\n"},
             Row{"endless", line + std::string(limits::receipt_line_octets, 'A')},
             Row{"a NUL", line + std::string(1, '\0')},
         }) {
        CAPTURE(row.why);
        CHECK(parse_receipt_lines(row.text).error().fault == Fault::corrupt);
    }
    CHECK(parse_receipt_lines(line + "\nx").error().what.starts_with("line 2:"));
    for (std::string const& empty : {std::string(), std::string("\n\n"), std::string("# none\n")})
        CHECK(parse_receipt_lines(empty).error().fault == Fault::not_found);
}
