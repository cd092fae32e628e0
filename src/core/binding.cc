#include "src/core/binding.h"

#include "src/base/base64.h"
#include "src/base/sodium_hash.h"
#include "src/core/address_field.h"
#include "src/core/big_endian.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

constexpr std::string_view binding_prefix = "satchel-binding-v1";
constexpr std::string_view slot_prefix = "satchel-slot-v1";
constexpr std::string_view line_prefix = "satchel-binding:1:";
constexpr std::size_t binding_fields = 9;  // the signature is the last

void write_unsigned(MsgpackWriter& out, Binding const& binding) {
    out.text(binding.address.text())
        .binary(binding.user_key.bytes)
        .binary(binding.age_recipient.bytes)
        .text(binding.subaddress)
        .number(binding.slot_epoch)
        .number(binding.issued)
        .number(binding.expires)
        .binary(binding.domain_key.bytes);
}

tl::unexpected<Error> refuse(std::string const& why) {
    return fail(Fault::usage, "not a binding (satchel-binding:1:…): " + why);
}

Bytes signed_bytes(Binding const& binding) {
    MsgpackWriter out;
    out.array(binding_fields - 1);
    write_unsigned(out, binding);
    return out.take();
}

Bytes slot_bytes(DhtKey const& key, PublicKey const& signer, std::uint64_t epoch,
                 std::uint64_t expires) {
    Bytes bytes = copy_of(key.bytes);
    append(bytes, signer.bytes);
    append(bytes, big_endian(epoch));
    append(bytes, big_endian(expires));
    return bytes;
}

}  // namespace

bool Binding::signature_holds() const {
    return verify_signature(domain_key, binding_prefix, signed_bytes(*this), signature);
}

Binding sign_binding(Binding unsigned_binding, SigningKey const& domain_key) {
    unsigned_binding.domain_key = DomainKey(domain_key.public_key());
    unsigned_binding.signature = domain_key.sign(binding_prefix, signed_bytes(unsigned_binding));
    return unsigned_binding;
}

Bytes encode_binding(Binding const& binding) {
    MsgpackWriter out;
    out.array(binding_fields);
    write_unsigned(out, binding);
    out.binary(binding.signature);
    return out.take();
}

Result<Binding> decode_binding(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, limits::binding_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_array(*value, binding_fields);
    auto address = read_address(fields, 0);
    if (!address) return fail(fields.status().error());
    Binding binding{std::move(*address),
                    UserKey(PublicKey{fields.binary_of<32>(1)}),
                    AgeRecipient{fields.binary_of<32>(2)},
                    fields.text(3, 1),
                    fields.number(4),
                    fields.number(5),
                    fields.number(6),
                    DomainKey(PublicKey{fields.binary_of<32>(7)}),
                    fields.binary_of<64>(8)};
    if (!binding.subaddress.empty() && binding.subaddress != "+")
        fields.fail_with({Fault::corrupt, "an unknown subaddress rule"});
    if (auto status = fields.status(); !status) return fail(status.error());
    return binding;
}

Signature sign_slot(SigningKey const& owner, DhtKey const& key, PublicKey const& signer,
                    std::uint64_t epoch, std::uint64_t expires) {
    return owner.sign(slot_prefix, slot_bytes(key, signer, epoch, expires));
}

bool slot_proof_holds(PublicKey const& owner, DhtKey const& key, PublicKey const& signer,
                      std::uint64_t epoch, std::uint64_t expires, Signature const& proof) {
    return verify_signature(owner, slot_prefix, slot_bytes(key, signer, epoch, expires), proof);
}

std::string BindingGrant::to_line() const {
    MsgpackWriter out;
    out.array(2).binary(encode_binding(binding)).binary(slot_proof);
    return std::string(line_prefix) + to_base64(out.take());
}

Result<BindingGrant> BindingGrant::decode_line(std::string_view line) {
    if (line.size() > limits::binding_line_octets || !line.starts_with(line_prefix))
        return refuse("it starts otherwise, or is too long");
    auto const bytes = from_base64(line.substr(line_prefix.size()));
    if (!bytes) return refuse("its base64 is damaged");
    auto const value = decode_msgpack(*bytes, limits::binding_line_octets);
    if (!value) return refuse(value.error().what);
    auto fields = MsgpackFields::of_array(*value, 2);
    Bytes const encoded = fields.binary(0, limits::binding_bytes);
    Signature const proof = fields.binary_of<64>(1);
    if (auto status = fields.status(); !status) return refuse(status.error().what);
    auto binding = decode_binding(encoded);
    if (!binding) return refuse(binding.error().what);
    return BindingGrant{std::move(*binding), proof};
}

Result<BindingGrant> BindingGrant::parse(std::string_view line) {
    auto grant = decode_line(line);
    if (!grant) return grant;
    Binding const& binding = grant->binding;
    if (!binding.signature_holds() ||
        !slot_proof_holds(binding.domain_key, locate(binding.address).key, binding.user_key,
                          binding.slot_epoch, binding.expires, grant->slot_proof))
        return refuse("its signatures do not hold, so it was damaged or made up");
    return grant;
}

BindingGrant grant_binding(Binding unsigned_binding, SigningKey const& domain_key) {
    Binding const binding = sign_binding(std::move(unsigned_binding), domain_key);
    Signature const proof = sign_slot(domain_key, locate(binding.address).key, binding.user_key,
                                      binding.slot_epoch, binding.expires);
    return {binding, proof};
}

std::uint64_t slot_id(PublicKey const& owner) {
    auto const hash = blake2b<32>({bytes_of("satchel/slot/1"), owner.bytes});
    std::uint64_t id = 0;
    for (std::size_t at = 0; at < 8; ++at)
        id = id << 8 | hash[at];
    return id;
}

}  // namespace satchel
