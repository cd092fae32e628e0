#include "transfer/enrolment_message.h"

#include "src/core/address_field.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

namespace {

constexpr std::string_view successor_prefix = "satchel-successor-v1";

Bytes handed_over(Address const& address, UserKey const& new_key, AgeRecipient const& recipient) {
    MsgpackWriter out;
    out.array(3).text(address.text()).binary(new_key.bytes).binary(recipient.bytes);
    return out.take();
}

}  // namespace

Bytes encode_enroll_request(EnrollRequest const& request) {
    MsgpackWriter out;
    out.map(4);
    out.key(1).text(request.address.text());
    out.key(2).binary(request.age_recipient.bytes);
    out.key(3).text(request.code);
    out.key(4).array(request.predecessors.size());
    for (SuccessorWord const& word : request.predecessors)
        out.array(2).binary(word.old_key.bytes).binary(word.signature);
    return out.take();
}

Result<EnrollRequest> decode_enroll_request(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::enroll_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    auto address = read_address(fields, 1);
    if (!address) return fail(fields.status().error());
    EnrollRequest request{std::move(*address),
                          AgeRecipient{fields.binary_of<32>(2)},
                          fields.text(3, control_limits::code_octets),
                          {}};
    for (MsgpackValue const& item : fields.array(4, control_limits::predecessors)) {
        auto pair = MsgpackFields::of_array(item, 2);
        request.predecessors.push_back(
            {UserKey(PublicKey{pair.binary_of<32>(0)}), pair.binary_of<64>(1)});
        if (auto status = pair.status(); !status) return fail(status.error());
    }
    if (auto status = fields.status(); !status) return fail(status.error());
    return request;
}

Bytes encode_enroll_answer(EnrollAnswer const& answer) {
    MsgpackWriter out;
    out.map(1).key(1).text(answer.grant ? answer.grant->to_line() : std::string());
    return out.take();
}

Result<EnrollAnswer> decode_enroll_answer(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::small_answer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    std::string const line = fields.text(1, limits::binding_line_octets);
    if (auto status = fields.status(); !status) return fail(status.error());
    if (line.empty()) return EnrollAnswer{};
    auto grant = BindingGrant::parse(line);
    if (!grant) return fail(Fault::corrupt, grant.error().what);
    return EnrollAnswer{std::move(*grant)};
}

SuccessorWord name_successor(SigningKey const& old_key, Address const& address,
                             UserKey const& new_key, AgeRecipient const& recipient) {
    return {UserKey(old_key.public_key()),
            old_key.sign(successor_prefix, handed_over(address, new_key, recipient))};
}

bool successor_holds(SuccessorWord const& word, Address const& address, UserKey const& new_key,
                     AgeRecipient const& recipient) {
    return verify_signature(word.old_key, successor_prefix,
                            handed_over(address, new_key, recipient), word.signature);
}

}  // namespace satchel::transfer
