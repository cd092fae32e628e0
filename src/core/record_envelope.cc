#include "src/core/record_envelope.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include <sodium.h>

#include "src/base/sodium_hash.h"
#include "src/base/sodium_init.h"
#include "src/core/binding.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

constexpr std::uint64_t version = 1;
constexpr std::size_t elements = 13;  // the signature is the last
constexpr std::string_view record_prefix = "satchel-record-v1";
constexpr std::string_view proof_prefix = "satchel/proof/1";
constexpr std::string_view seal_prefix = "satchel-seal-v1";
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(std::tuple_size_v<SealKey> == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

/// Ends a body within its padding: 0x80, then zeros (ISO/IEC 7816-4).
constexpr Byte padding_mark = 0x80;

/// Shorter than this, a body's head has another length: then it could not be constant.
constexpr std::size_t sealed_bytes_min = 256;

/// Array head, then 4 numbers of 9 bytes besides version and kind, epoch among them: the longest.
constexpr std::size_t fixed_bytes_max =
    1 + 1 + 1 + (2 + 20) + (2 + 32) + 9 + 9 + (2 + 32) + 9 + 9 + 9 + 3 + (2 + 64);

void write_unsigned(MsgpackWriter& out, RecordEnvelope const& record) {
    out.number(version)
        .number(static_cast<std::uint64_t>(record.kind))
        .binary(record.dht_key.bytes)
        .binary(record.slot_owner.bytes)
        .number(record.slot_epoch)
        .number(record.slot_expires)
        .binary(record.slot_proof ? ByteSpan(*record.slot_proof) : ByteSpan())
        .binary(record.signer.bytes)
        .number(record.seq)
        .number(record.issued)
        .number(record.expires)
        .binary(record.sealed_body);
}

/// What the seal is bound to: a body lifted into another envelope does not open there.
Bytes seal_context(RecordEnvelope const& record) {
    Bytes context = copy_of(bytes_of(seal_prefix));
    context.push_back(static_cast<Byte>(record.kind));
    append(context, record.dht_key.bytes);
    append(context, record.signer.bytes);
    return context;
}

Status check_times(RecordEnvelope const& record, std::uint64_t now_seconds) {
    auto const refuse = [](char const* why) { return fail(Fault::refused, why); };
    if (record.issued > now_seconds + limits::clock_skew_seconds)
        return refuse("issued in the future");
    if (record.seq / 1000 > record.issued) return refuse("its seq is later than its issue");
    if (record.expires <= record.issued) return refuse("it expires before it is issued");
    if (record.expires <= now_seconds) return refuse("expired");
    if (record.expires - record.issued > lifetime_max_seconds(record.kind))
        return refuse("it lives longer than its kind may");
    if (record.expires > record.slot_expires) return refuse("it expires later than its slot");
    return {};
}

/// What its owner must have said, short of signatures.
Status check_slot_form(RecordEnvelope const& record) {
    auto const corrupt = [](char const* why) { return fail(Fault::corrupt, why); };
    if (record.kind == RecordKind::pull_notice) {
        if (!record.self_owned() || record.slot_proof || record.slot_expires != record.expires)
            return corrupt("a notice in another's slot, or with another's proof or end");
        return {};
    }
    if (record.self_owned()) {
        if (record.slot_proof || record.slot_epoch != 0 || record.slot_expires != record.expires)
            return corrupt("a signer's own slot with another's proof, epoch or end");
    } else if (!record.slot_proof) {
        return corrupt("without the proof of its slot's owner");
    }
    if (record.kind != RecordKind::presence) return {};
    if (!record.self_owned()) return corrupt("a presence that is not its node's own");
    if (record.dht_key != presence_key(NodeKey(record.signer)))
        return corrupt("a presence that lies under another node's key");
    return {};
}

}  // namespace

Bytes signed_bytes(RecordEnvelope const& record) {
    MsgpackWriter out;
    out.array(elements - 1);
    write_unsigned(out, record);
    return out.take();
}

std::size_t sealed_bytes(RecordEnvelope draft) {
    draft.sealed_body.assign(sealed_bytes_min, 0);
    std::size_t const smallest = encode_record(draft).size();
    std::size_t const whole = encoded_bytes(draft.kind);
    return smallest <= whole ? sealed_bytes_min + (whole - smallest) : 0;
}

Signature sign_record(RecordEnvelope const& record, SigningKey const& signer) {
    return signer.sign(record_prefix, signed_bytes(record));
}

bool work_proof_holds(RecordEnvelope const& record) {
    return work_proof_holds(signed_bytes(record));
}

bool work_proof_holds(ByteSpan signed_bytes) {
    auto const digest = blake2b<32>({bytes_of(proof_prefix), signed_bytes});
    unsigned zeros = 0;
    for (Byte const byte : digest) {
        zeros += static_cast<unsigned>(std::countl_zero(byte));
        if (byte != 0) break;
    }
    return zeros >= limits::notice_proof_bits;
}

std::size_t encoded_bytes(RecordKind kind) {
    switch (kind) {
        case RecordKind::storage:
            return limits::storage_record_bytes;
        case RecordKind::presence:
            return limits::presence_record_bytes;
        case RecordKind::pull_notice:
            return limits::pull_notice_bytes;
    }
    return 0;
}

std::size_t body_bytes_max(RecordKind kind) {
    std::size_t const proof = kind == RecordKind::storage ? 2 + 64 : 2;
    std::size_t const seal = kind == RecordKind::pull_notice
                                 ? std::tuple_size_v<decltype(PublicKey::bytes)> +
                                       crypto_box_SEALBYTES  // src/core/pull_notice.cc
                                 : nonce_bytes + tag_bytes;
    return encoded_bytes(kind) - fixed_bytes_max - proof - seal - 1;
}

std::uint64_t lifetime_max_seconds(RecordKind kind) {
    switch (kind) {
        case RecordKind::storage:
            return limits::storage_record_lifetime_seconds;
        case RecordKind::presence:
            return limits::presence_ttl_seconds;
        case RecordKind::pull_notice:
            return limits::pull_notice_ttl_seconds;
    }
    return 0;
}

Result<RecordEnvelope> seal_record(RecordEnvelope draft, ByteSpan body, SealKey const& seal,
                                   SigningKey const& signer, Randomness& randomness) {
    if (draft.signer != signer.public_key())
        return fail(Fault::usage, "a record is signed by the signer that it names");
    std::size_t const sealed = sealed_bytes(draft);
    if (sealed < nonce_bytes + tag_bytes + body.size() + 1)
        return fail(Fault::too_large, "the record's body is over its bound");
    ensure_sodium();
    Bytes padded = copy_of(body);
    padded.push_back(padding_mark);
    padded.resize(sealed - nonce_bytes - tag_bytes, 0);
    Bytes const context = seal_context(draft);
    draft.sealed_body.assign(sealed, 0);
    std::span<Byte> const out(draft.sealed_body);
    randomness.fill(out.first(nonce_bytes));
    crypto_aead_xchacha20poly1305_ietf_encrypt(out.subspan(nonce_bytes).data(), nullptr,
                                               padded.data(), padded.size(), context.data(),
                                               context.size(), nullptr, out.data(), seal.data());
    draft.signature = sign_record(draft, signer);
    return draft;
}

RecordEnvelope sign_revocation(SigningKey const& owner, DhtKey const& key,
                               RevocationTimes const& times) {
    RecordEnvelope record;
    record.kind = RecordKind::storage;
    record.dht_key = key;
    record.slot_owner = owner.public_key();
    record.slot_epoch = times.epoch;
    record.slot_expires = times.slot_expires;
    record.slot_proof =
        sign_slot(owner, key, record.signer, record.slot_epoch, record.slot_expires);
    record.seq = times.seq;
    record.issued = times.issued;
    record.expires = times.expires;
    record.sealed_body.assign(sealed_bytes(record), 0);
    record.signature = owner.sign(record_prefix, signed_bytes(record));
    return record;
}

Result<Bytes> open_record(RecordEnvelope const& record, SealKey const& seal) {
    if (record.is_revocation()) return fail(Fault::refused, "revoked by its domain");
    ByteSpan const sealed(record.sealed_body);
    if (sealed.size() < nonce_bytes + tag_bytes) return fail(Fault::corrupt, "a sealed body cut");
    ensure_sodium();
    Bytes body(sealed.size() - nonce_bytes - tag_bytes);
    ByteSpan const ciphertext = sealed.subspan(nonce_bytes);
    Bytes const context = seal_context(record);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(body.data(), nullptr, nullptr, ciphertext.data(),
                                                   ciphertext.size(), context.data(),
                                                   context.size(), sealed.data(), seal.data()) != 0)
        return fail(Fault::corrupt, "a body that this key does not open");
    while (!body.empty() && body.back() == 0)
        body.pop_back();
    if (body.empty() || body.back() != padding_mark)
        return fail(Fault::corrupt, "a body without its padding");
    body.pop_back();
    return body;
}

Bytes encode_record(RecordEnvelope const& record) {
    MsgpackWriter out;
    out.array(elements);
    write_unsigned(out, record);
    out.binary(record.signature);
    return out.take();
}

Result<RecordEnvelope> decode_record(ByteSpan bytes) {
    auto const value = decode_msgpack(bytes, limits::storage_record_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_array(*value, elements);
    if (fields.number(0) != version) fields.fail_with({Fault::refused, "an unknown version"});
    std::uint64_t const kind = fields.number(1);
    if (kind < static_cast<std::uint64_t>(RecordKind::storage) ||
        kind > static_cast<std::uint64_t>(RecordKind::pull_notice))
        fields.fail_with({Fault::refused, "an unknown kind of record"});
    RecordEnvelope record;
    record.dht_key = DhtKey{fields.binary_of<20>(2)};
    record.slot_owner = PublicKey{fields.binary_of<32>(3)};
    record.slot_epoch = fields.number(4);
    record.slot_expires = fields.number(5);
    if (!fields.binary(6, std::tuple_size_v<Signature>).empty())
        record.slot_proof = fields.binary_of<64>(6);
    record.signer = PublicKey{fields.binary_of<32>(7)};
    record.seq = fields.number(8);
    record.issued = fields.number(9);
    record.expires = fields.number(10);
    record.sealed_body = fields.binary(11, bytes.size());
    record.signature = fields.binary_of<64>(12);
    if (auto status = fields.status(); !status) return fail(status.error());
    record.kind = static_cast<RecordKind>(kind);
    if (bytes.size() != encoded_bytes(record.kind))
        return fail(Fault::corrupt, "not the constant length of its kind");
    return record;
}

Status check_record(RecordEnvelope const& record, DhtKey const& found_at,
                    std::uint64_t now_seconds) {
    if (record.dht_key != found_at) return fail(Fault::corrupt, "it lies under another key");
    if (auto form = check_slot_form(record); !form) return form;
    if (auto times = check_times(record, now_seconds); !times) return times;
    if (record.kind == RecordKind::pull_notice && !work_proof_holds(record))
        return fail(Fault::refused, "without its proof of work");
    bool const revokes = record.is_revocation();
    if (revokes && std::ranges::any_of(record.sealed_body, [](Byte byte) { return byte != 0; }))
        return fail(Fault::corrupt, "a revocation with a body");
    // Nobody holds the key of 32 zero bytes: the domain itself signs what it revokes.
    PublicKey const& signer = revokes ? record.slot_owner : record.signer;
    if (!verify_signature(signer, record_prefix, signed_bytes(record), record.signature))
        return fail(Fault::corrupt, "its signature does not hold");
    if (record.slot_proof &&
        !slot_proof_holds(record.slot_owner, record.dht_key, record.signer, record.slot_epoch,
                          record.slot_expires, *record.slot_proof))
        return fail(Fault::corrupt, "the slot's owner did not let this signer in");
    return {};
}

bool supersedes(RecordEnvelope const& candidate, RecordEnvelope const& held) {
    return std::tie(candidate.slot_epoch, candidate.seq) > std::tie(held.slot_epoch, held.seq);
}

}  // namespace satchel
