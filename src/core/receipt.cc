#include "src/core/receipt.h"

#include "src/core/big_endian.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

constexpr std::string_view receipt_prefix = "satchel-receipt-v1";
constexpr std::size_t receipt_fields = 6;

Bytes signed_bytes(Receipt const& receipt) {
    Bytes bytes = copy_of(receipt.offer);
    append(bytes, receipt.content_id.bytes);
    append(bytes, big_endian(receipt.size));
    append(bytes, receipt.node.bytes);
    append(bytes, big_endian(receipt.time));
    return bytes;
}

}  // namespace

Receipt sign_receipt(Receipt draft, SigningKey const& node_key) {
    draft.node = NodeKey(node_key.public_key());
    draft.signature = node_key.sign(receipt_prefix, signed_bytes(draft));
    return draft;
}

bool receipt_holds(Receipt const& receipt, Offer const& offer) {
    return receipt.content_id == offer.content_id && receipt.size == offer.size &&
           receipt.offer == digest_of(offer) &&
           verify_signature(receipt.node, receipt_prefix, signed_bytes(receipt), receipt.signature);
}

Bytes encode_receipt(Receipt const& receipt) {
    MsgpackWriter out;
    out.array(receipt_fields)
        .binary(receipt.offer)
        .binary(receipt.content_id.bytes)
        .number(receipt.size)
        .binary(receipt.node.bytes)
        .number(receipt.time)
        .binary(receipt.signature);
    return out.take();
}

Result<Receipt> decode_receipt(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, limits::receipt_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_array(*value, receipt_fields);
    Receipt receipt;
    receipt.offer = fields.binary_of<32>(0);
    receipt.content_id = ContentId{fields.binary_of<32>(1)};
    receipt.size = fields.number(2);
    receipt.node = NodeKey(PublicKey{fields.binary_of<32>(3)});
    receipt.time = fields.number(4);
    receipt.signature = fields.binary_of<64>(5);
    if (auto status = fields.status(); !status) return fail(status.error());
    return receipt;
}

}  // namespace satchel
