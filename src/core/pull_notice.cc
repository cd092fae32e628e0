#include "src/core/pull_notice.h"

#include <algorithm>
#include <array>

#include <sodium.h>

#include "src/base/sodium_hash.h"
#include "src/base/sodium_init.h"
#include "src/core/big_endian.h"
#include "src/core/endpoint_codec.h"
#include "src/core/limits.h"
#include "src/core/msgpack_codec.h"

namespace satchel {

namespace {

using BoxKey = std::array<Byte, crypto_box_PUBLICKEYBYTES>;

/// Ends a body within its padding, as in every record.
constexpr Byte padding_mark = 0x80;

constexpr std::size_t signer_bytes = 32;

/// Nonces are counted from here: the longest numbers, so that the length stays when they rise.
constexpr std::uint64_t nonce_min = 1ULL << 63;

/// Where the nonce stands in signed_bytes(): after the array's head, version, kind, DHT key and
/// slot owner, and its own head.
constexpr std::size_t nonce_at = 1 + 1 + 1 + (2 + 20) + (2 + 32) + 1;

Result<BoxKey> box_key(NodeKey const& node) {
    ensure_sodium();
    BoxKey key{};
    if (crypto_sign_ed25519_pk_to_curve25519(key.data(), node.bytes.data()) != 0)
        return fail(Fault::usage, "a node key that is no key");
    return key;
}

/// What crypto_box_seal makes, with chance from where it can be told: ephemeral key, then a box
/// whose nonce is BLAKE2b-192 of both public keys.
Bytes sealed_box(ByteSpan plain, BoxKey const& to, Randomness& randomness) {
    Secret<crypto_box_SECRETKEYBYTES> ephemeral;
    randomness.fill(ephemeral.writable());
    BoxKey sender{};
    crypto_scalarmult_base(sender.data(), ephemeral.view().data());
    auto const nonce = blake2b<crypto_box_NONCEBYTES>({sender, to});
    Bytes box = copy_of(sender);
    box.resize(plain.size() + crypto_box_SEALBYTES);
    if (crypto_box_easy(box.data() + sender.size(), plain.data(), plain.size(), nonce.data(),
                        to.data(), ephemeral.view().data()) != 0)
        box.clear();  // a key of low order, which the conversion has refused
    return box;
}

/// A nonce that makes the proof of work.
std::uint64_t work(RecordEnvelope const& draft) {
    Bytes bytes = signed_bytes(draft);
    for (std::uint64_t nonce = nonce_min;; ++nonce) {
        std::ranges::copy(big_endian(nonce), bytes.begin() + nonce_at);
        if (work_proof_holds(bytes)) return nonce;
    }
}

/// The signer stands within, so that nobody can put the body into an envelope of their own.
Bytes padded(PublicKey const& signer, ByteSpan body, std::size_t length) {
    Bytes plain = copy_of(signer.bytes);
    append(plain, body);
    plain.push_back(padding_mark);
    plain.resize(length, 0);
    return plain;
}

}  // namespace

Result<Bytes> encode_pull_notice(PullNotice const& notice) {
    if (notice.control.size() > limits::endpoints_per_list)
        return fail(Fault::too_large, "a notice names at most 4 endpoints");
    MsgpackWriter out;
    out.map(6).key(1).binary(notice.offer.bytes);
    out.key(2).binary(notice.content_id.bytes);
    out.key(3).number(notice.size);
    out.key(4).binary(notice.sender.bytes);
    write_endpoints(out.key(5), notice.control);
    out.key(6).number(notice.expires);
    return out.take();
}

Result<PullNotice> decode_pull_notice(ByteSpan body) {
    auto const value = decode_msgpack(body, limits::pull_notice_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    PullNotice notice;
    notice.offer = OfferId{fields.binary_of<16>(1)};
    notice.content_id = ContentId{fields.binary_of<32>(2)};
    notice.size = fields.number(3);
    notice.sender = NodeKey(PublicKey{fields.binary_of<32>(4)});
    notice.control = read_endpoints(fields, 5);
    notice.expires = fields.number(6);
    if (auto status = fields.status(); !status) return fail(status.error());
    return notice;
}

Result<RecordEnvelope> seal_notice(PullNotice const& notice, NodeKey const& to,
                                   std::uint64_t now_milliseconds, Randomness& randomness) {
    auto const body = encode_pull_notice(notice);
    if (!body) return fail(body.error());
    auto const receiver = box_key(to);
    if (!receiver) return fail(receiver.error());
    SigningKey const throw_away = SigningKey::generate(randomness);

    RecordEnvelope record;
    record.kind = RecordKind::pull_notice;
    record.dht_key = inbox_key(to);
    record.slot_owner = record.signer = throw_away.public_key();
    record.slot_epoch = nonce_min;
    record.seq = now_milliseconds;
    record.issued = now_milliseconds / 1000;
    record.expires = std::min(notice.expires, record.issued + limits::pull_notice_ttl_seconds);
    record.slot_expires = record.expires;
    if (record.expires <= record.issued) return fail(Fault::usage, "a notice that has expired");

    std::size_t const sealed = sealed_bytes(record);
    if (sealed < crypto_box_SEALBYTES + signer_bytes + body->size() + 1)
        return fail(Fault::too_large, "the notice is over its bound");
    record.sealed_body = sealed_box(padded(record.signer, *body, sealed - crypto_box_SEALBYTES),
                                    *receiver, randomness);
    record.slot_epoch = work(record);
    record.signature = sign_record(record, throw_away);
    return record;
}

Result<PullNotice> open_notice(RecordEnvelope const& record, SigningKey const& node) {
    if (record.kind != RecordKind::pull_notice ||
        record.sealed_body.size() < crypto_box_SEALBYTES + signer_bytes)
        return fail(Fault::corrupt, "not a pull notice");
    auto const public_key = box_key(NodeKey(node.public_key()));
    if (!public_key) return fail(public_key.error());
    Secret<crypto_sign_SECRETKEYBYTES> signing_key;  // libsodium's is seed ‖ public key
    std::ranges::copy(node.seed(), signing_key.writable().begin());
    std::ranges::copy(node.public_key().bytes, signing_key.writable().begin() + 32);
    Secret<crypto_box_SECRETKEYBYTES> secret_key;
    crypto_sign_ed25519_sk_to_curve25519(secret_key.writable().data(), signing_key.view().data());

    Bytes plain(record.sealed_body.size() - crypto_box_SEALBYTES);
    if (crypto_box_seal_open(plain.data(), record.sealed_body.data(), record.sealed_body.size(),
                             public_key->data(), secret_key.view().data()) != 0)
        return fail(Fault::corrupt, "a notice that this node's key does not open");
    if (!std::equal(record.signer.bytes.begin(), record.signer.bytes.end(), plain.begin()))
        return fail(Fault::corrupt, "a notice that was lifted from another envelope");
    while (!plain.empty() && plain.back() == 0)
        plain.pop_back();
    if (plain.size() <= signer_bytes || plain.back() != padding_mark)
        return fail(Fault::corrupt, "a notice without its padding");
    plain.pop_back();
    return decode_pull_notice(ByteSpan(plain).subspan(signer_bytes));
}

}  // namespace satchel
