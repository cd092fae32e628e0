#include "src/core/receipt_proof.h"

#include <algorithm>

#include "src/base/base64.h"
#include "src/core/address_field.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"
#include "src/core/record_envelope.h"
#include "src/core/storage_record.h"

namespace satchel {

namespace {

constexpr std::string_view line_prefix = "satchel-receipt:1:";
constexpr std::size_t proof_fields = 4;

}  // namespace

Bytes encode_receipt_proof(ReceiptProof const& proof) {
    MsgpackWriter out;
    out.array(proof_fields)
        .binary(encode_receipt(proof.receipt))
        .binary(encode_offer(proof.offer))
        .text(proof.recipient.text())
        .binary(proof.record);
    return out.take();
}

Result<ReceiptProof> decode_receipt_proof(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, limits::receipt_proof_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_array(*value, proof_fields);
    Bytes const receipt_bytes = fields.binary(0, limits::receipt_bytes);
    Bytes const offer_bytes = fields.binary(1, limits::offer_bytes);
    auto recipient = read_address(fields, 2);
    Bytes record = fields.binary(3, limits::storage_record_bytes);
    if (auto status = fields.status(); !status) return fail(status.error());
    auto receipt = decode_receipt(receipt_bytes);
    if (!receipt) return fail(receipt.error());
    auto offer = decode_offer(offer_bytes);
    if (!offer) return fail(offer.error());
    return ReceiptProof{std::move(*receipt), std::move(*offer), std::move(*recipient),
                        std::move(record)};
}

std::string ReceiptProof::to_line() const {
    return std::string(line_prefix) + to_base64(encode_receipt_proof(*this));
}

Result<ReceiptProof> ReceiptProof::parse(std::string_view line) {
    if (!line.starts_with(line_prefix) || line.size() > limits::receipt_line_octets)
        return fail(Fault::corrupt, "not a receipt: it starts otherwise, or is too long");
    auto const bytes = from_base64(line.substr(line_prefix.size()));
    if (!bytes) return fail(Fault::corrupt, "a damaged receipt: its base64 does not decode");
    auto proof = decode_receipt_proof(*bytes);
    if (!proof) return fail(Fault::corrupt, "a damaged receipt: " + proof.error().what);
    return proof;
}

Locator const& ReceiptVerifier::locator_of(Address const& address) {
    auto found = locators_.find(address);
    if (found == locators_.end()) found = locators_.emplace(address, locate(address)).first;
    return found->second;
}

/// Why the record does not make the node the recipient's; "" where it does.
std::string ReceiptVerifier::judge_record(ReceiptProof const& proof, ReceiptVerdict& verdict) {
    if (proof.record.empty()) return "no record of the recipient was kept with it";
    auto const envelope = decode_record(proof.record);
    if (!envelope) return "the record kept with it is damaged: " + envelope.error().what;
    if (envelope->kind != RecordKind::storage || envelope->is_revocation())
        return "what was kept with it is no storage record";
    Locator const& locator = locator_of(proof.recipient);
    if (auto valid = check_record(*envelope, locator.key, proof.receipt.time); !valid)
        return "the record kept with it did not count at that time: " + valid.error().what;
    auto const body = open_record(*envelope, locator.seal);
    if (!body) return "the record kept with it does not open: " + body.error().what;
    auto const record =
        decode_storage_record(*body, {UserKey(envelope->signer), DomainKey(envelope->slot_owner),
                                      envelope->slot_epoch, envelope->slot_expires});
    if (!record) return "the record kept with it is damaged: " + record.error().what;
    if (record->address != proof.recipient)
        return "the record kept with it is of " + record->address.text();
    verdict.user_key = UserKey(envelope->signer);
    if (record->binding) {
        // Put together from the envelope and the body: the signature says that they agree.
        bool const bound = record->binding->address == record->address &&
                           record->binding->age_recipient == record->age_recipient &&
                           record->binding->signature_holds();
        if (!bound) return "the domain's binding in the record kept with it does not hold";
        verdict.domain_key = record->binding->domain_key;
    }
    bool const named = std::ranges::any_of(record->nodes, [&](StorageNode const& node) {
        return node.node_key == proof.receipt.node;
    });
    return named ? "" : "the recipient's record names other nodes";
}

ReceiptVerdict ReceiptVerifier::verify(ReceiptProof const& proof) {
    ReceiptVerdict verdict{.node = proof.receipt.node};
    if (!receipt_holds(proof.receipt, proof.offer)) {
        verdict.reason = "the signature does not hold for this offer and node key";
        return verdict;
    }
    if (proof.offer.recipient_node != proof.receipt.node) {
        verdict.reason = "the offer was made to another node";
        return verdict;
    }
    if (proof.offer.recipient != address_tag(proof.recipient)) {
        verdict.reason = "the offer was not for " + proof.recipient.text();
        return verdict;
    }
    verdict.signature_holds = true;
    verdict.reason = judge_record(proof, verdict);
    verdict.node_known = verdict.reason.empty();
    return verdict;
}

Result<std::vector<ReceiptProof>> parse_receipt_lines(std::string_view text) {
    std::vector<ReceiptProof> proofs;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::size_t const end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with('#')) continue;
        auto proof = ReceiptProof::parse(line);
        if (!proof)
            return fail(Fault::corrupt,
                        "line " + std::to_string(number) + ": " + proof.error().what);
        proofs.push_back(std::move(*proof));
    }
    if (proofs.empty()) return fail(Fault::not_found, "no receipt in it");
    return proofs;
}

}  // namespace satchel
