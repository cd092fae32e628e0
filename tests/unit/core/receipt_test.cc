#include "src/core/receipt.h"

#include <doctest/doctest.h>

#include "src/core/big_endian.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

Receipt sample_receipt() {
    Offer const offer = sample_offer();
    Receipt draft;
    draft.offer = digest_of(offer);
    draft.content_id = offer.content_id;
    draft.size = offer.size;
    draft.time = sample_now;
    return sign_receipt(draft, sample_key("node"));
}

}  // namespace

TEST_CASE("receipt: the bytes of FORMATS.md") {
    VectorFile vectors("receipt");
    Receipt const receipt = sample_receipt();
    Bytes signed_bytes = copy_of(receipt.offer);
    append(signed_bytes, receipt.content_id.bytes);
    append(signed_bytes, big_endian(receipt.size));
    append(signed_bytes, receipt.node.bytes);
    append(signed_bytes, big_endian(receipt.time));
    CHECK(verify_signature(receipt.node, "satchel-receipt-v1", signed_bytes, receipt.signature));
    vectors.check("signed", signed_bytes);
    vectors.check("receipt", encode_receipt(receipt));
}

TEST_CASE("receipt: comes back as it went, and holds for its offer") {
    Receipt const receipt = sample_receipt();
    auto const back = decode_receipt(encode_receipt(receipt));
    REQUIRE(back);
    CHECK(*back == receipt);
    CHECK(receipt_holds(*back, sample_offer()));
    Receipt large = receipt;
    large.size = large.time = ~0ULL;
    CHECK(encode_receipt(large).size() <= limits::receipt_bytes);
}

TEST_CASE("receipt: holds for nothing else") {
    struct Row {
        char const* why;
        void (*change)(Receipt&);
    };

    for (Row const& row : {
             Row{"offer", [](Receipt& r) { r.offer[0] ^= 1; }},
             Row{"content id", [](Receipt& r) { r.content_id.bytes[0] ^= 1; }},
             Row{"size", [](Receipt& r) { --r.size; }},
         }) {
        CAPTURE(row.why);
        Receipt receipt = sample_receipt();
        row.change(receipt);
        CHECK_FALSE(receipt_holds(receipt, sample_offer()));
        // Not even when a node signs it so.
        CHECK_FALSE(receipt_holds(sign_receipt(receipt, sample_key("node")), sample_offer()));
    }
    Receipt later = sample_receipt();
    ++later.time;
    CHECK_FALSE(receipt_holds(later, sample_offer()));
    Receipt other_node = sample_receipt();
    other_node.node = NodeKey(sample_key("eve").public_key());
    CHECK_FALSE(receipt_holds(other_node, sample_offer()));

    Offer again = sample_offer();
    again.id.bytes[0] ^= 1;
    again = sign_offer(again, sample_key("user"));
    CHECK_FALSE(receipt_holds(sample_receipt(), again));
}

TEST_CASE("receipt: cut, bent or longer, it is refused or does not hold") {
    Bytes const bytes = encode_receipt(sample_receipt());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(decode_receipt(ByteSpan(bytes).first(at)));
        auto const other = decode_receipt(bent(bytes, at));
        CHECK_FALSE((other && receipt_holds(*other, sample_offer())));
    }
    CHECK_FALSE(decode_receipt(with_byte_after(bytes)));
    CHECK(decode_receipt(Bytes(limits::receipt_bytes + 1)).error().fault == Fault::too_large);
}
