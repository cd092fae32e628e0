#include "src/core/offer.h"

#include <algorithm>

#include "src/base/hex.h"
#include "src/base/sodium_hash.h"
#include "src/core/address_field.h"
#include "src/core/endpoint_codec.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

constexpr std::string_view offer_prefix = "satchel-offer-v1";
constexpr std::size_t offer_fields = 15;  // the signature is the last

void write_unsigned(MsgpackWriter& out, Offer const& offer) {
    out.binary(offer.id.bytes)
        .binary(offer.content_id.bytes)
        .number(offer.size)
        .text(offer.sender)
        .binary(offer.sender_binding ? encode_binding(*offer.sender_binding) : Bytes())
        .binary(offer.recipient)
        .binary(offer.grant)
        .binary(offer.label)
        .binary(offer.recipient_node.bytes)
        .binary(offer.sender_node.bytes);
    write_endpoints(out, offer.control);
    write_endpoints(out, offer.swarm);
    out.number(offer.expires).binary(offer.signer.bytes);
}

Bytes signed_bytes(Offer const& offer) {
    MsgpackWriter out;
    out.array(offer_fields - 1);
    write_unsigned(out, offer);
    return out.take();
}

/// The sender's address and binding: both may be absent.
void read_sender(MsgpackFields& fields, Offer& offer) {
    offer.sender = fields.text(3, limits::address_octets);
    if (!offer.sender.empty() && !is_normal_address(offer.sender))
        fields.fail_with({Fault::corrupt, "a sender that is not in normal form"});
    Bytes const encoded = fields.binary(4, limits::binding_bytes);
    if (encoded.empty()) return;
    auto binding = decode_binding(encoded);
    if (binding)
        offer.sender_binding = std::move(*binding);
    else
        fields.fail_with(binding.error());
}

}  // namespace

Result<OfferId> OfferId::parse(std::string_view hex) {
    auto const bytes = from_hex(hex);
    OfferId id;
    if (!bytes || bytes->size() != id.bytes.size())
        return fail(Fault::usage, "an offer id is 32 lower-case hex digits");
    std::ranges::copy(*bytes, id.bytes.begin());
    return id;
}

std::string OfferId::to_hex() const {
    return satchel::to_hex(bytes);
}

Offer sign_offer(Offer draft, SigningKey const& signer) {
    draft.signer = signer.public_key();
    draft.signature = signer.sign(offer_prefix, signed_bytes(draft));
    return draft;
}

bool offer_signature_holds(Offer const& offer) {
    return verify_signature(offer.signer, offer_prefix, signed_bytes(offer), offer.signature);
}

Bytes encode_offer(Offer const& offer) {
    MsgpackWriter out;
    out.array(offer_fields);
    write_unsigned(out, offer);
    out.binary(offer.signature);
    return out.take();
}

Result<Offer> decode_offer(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, limits::offer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_array(*value, offer_fields);
    Offer offer;
    offer.id = OfferId{fields.binary_of<16>(0)};
    offer.content_id = ContentId{fields.binary_of<32>(1)};
    offer.size = fields.number(2);
    read_sender(fields, offer);
    offer.recipient = fields.binary_of<32>(5);
    offer.grant = fields.binary(6, limits::grant_bytes);
    offer.label = fields.binary(7, limits::label_bytes);
    offer.recipient_node = NodeKey(PublicKey{fields.binary_of<32>(8)});
    offer.sender_node = NodeKey(PublicKey{fields.binary_of<32>(9)});
    offer.control = read_endpoints(fields, 10);
    offer.swarm = read_endpoints(fields, 11);
    offer.expires = fields.number(12);
    offer.signer = PublicKey{fields.binary_of<32>(13)};
    offer.signature = fields.binary_of<64>(14);
    if (auto status = fields.status(); !status) return fail(status.error());
    return offer;
}

OfferDigest digest_of(Offer const& offer) {
    return blake2b<32>({encode_offer(offer)});
}

}  // namespace satchel
