// What travels in the DHT: a sealed body in a signed envelope of constant size per kind.
// Bytes: src/core/FORMATS.md, "Record envelope".
#pragma once

#include <cstdint>
#include <optional>

#include "src/base/bytes.h"
#include "src/base/randomness.h"
#include "src/base/result.h"
#include "src/core/keys.h"
#include "src/core/locator.h"

namespace satchel {

enum class RecordKind : std::uint8_t { storage = 1, presence = 2, pull_notice = 3 };

/// Length of an encoded record. Constant, because OpenDHT 2.4 stores hang after edits that grow a
/// value.
std::size_t encoded_bytes(RecordKind kind);
/// Longest body that fits, whatever the numbers of the envelope are.
std::size_t body_bytes_max(RecordKind kind);
/// Longest time from `issued` to `expires`, in seconds.
std::uint64_t lifetime_max_seconds(RecordKind kind);

struct RecordEnvelope {
    RecordKind kind = RecordKind::storage;
    DhtKey dht_key;
    PublicKey slot_owner;  ///< domain key, or the signer itself
    /// 0 where the signer owns the slot; in a pull notice: the nonce of its proof of work.
    std::uint64_t slot_epoch = 0;
    std::uint64_t slot_expires =
        0;  ///< Unix seconds; where the signer owns the slot: equal to `expires`
    std::optional<Signature> slot_proof;  ///< by slot_owner; none where the signer owns the slot
    PublicKey signer;                     ///< 32 zero bytes in a revocation
    std::uint64_t seq = 0;                ///< Unix milliseconds, rises with every edit
    std::uint64_t issued = 0;             ///< Unix seconds
    std::uint64_t expires = 0;            ///< Unix seconds
    Bytes sealed_body;
    Signature signature{};

    bool self_owned() const { return slot_owner == signer; }

    /// The domain's word that nobody holds this slot of its now: signer and sealed body are zero
    /// bytes, and the signature is the domain key's. Valid in its slot, and never opens as a
    /// record.
    bool is_revocation() const { return signer == PublicKey{}; }

    friend bool operator==(RecordEnvelope const&, RecordEnvelope const&) = default;
};

/// Seals `body`, padded so that the whole has its constant length, under `seal`; fills
/// `sealed_body` and `signature`. `draft.signer` must be `signer`'s public key. Fault::too_large
/// when the body does not fit.
Result<RecordEnvelope> seal_record(RecordEnvelope draft, ByteSpan body, SealKey const& seal,
                                   SigningKey const& signer, Randomness& randomness);

/// What a revocation says besides whose slot it takes back.
struct RevocationTimes {
    std::uint64_t epoch = 0;         ///< above that of the binding it ends
    std::uint64_t seq = 0;           ///< Unix milliseconds
    std::uint64_t issued = 0;        ///< Unix seconds
    std::uint64_t expires = 0;       ///< Unix seconds
    std::uint64_t slot_expires = 0;  ///< Unix seconds, not before `expires`
};

/// The slot's owner takes back its slot at `key`.
RecordEnvelope sign_revocation(SigningKey const& owner, DhtKey const& key,
                               RevocationTimes const& times);

/// The body without padding. Fault::corrupt when `seal` is not its key. Fault::refused for a
/// revocation.
Result<Bytes> open_record(RecordEnvelope const& record, SealKey const& seal);

Bytes encode_record(RecordEnvelope const& record);

/// Form alone: known version and kind, canonical, exact length, no trailing bytes. Says nothing of
/// signatures or time. Fault::refused: another version or kind. Fault::corrupt: everything else.
Result<RecordEnvelope> decode_record(ByteSpan bytes);

/// What every storing node and every reader demands: the signature, the slot proof, the lifetime,
/// and where it lies. Fault::corrupt: a signature, place or proof is wrong. Fault::refused:
/// expired, or times out of order. Holds for revocations too.
Status check_record(RecordEnvelope const& record, DhtKey const& found_at,
                    std::uint64_t now_seconds);

/// What the signature covers after its prefix: the array of the first 12 elements.
Bytes signed_bytes(RecordEnvelope const& record);

Signature sign_record(RecordEnvelope const& record, SigningKey const& signer);

/// Length of `sealed_body` that gives the whole its constant length, from the other fields; 0
/// where none does.
std::size_t sealed_bytes(RecordEnvelope draft);

/// A pull notice costs its maker some work: BLAKE2b-256 of "satchel/proof/1" and signed_bytes()
/// begins with limits::notice_proof_bits zero bits. About 1 us; check_record asks it before the
/// signature, which costs a hundred times as much.
bool work_proof_holds(RecordEnvelope const& record);
bool work_proof_holds(ByteSpan signed_bytes);

/// Order of two valid records of one slot: (slot_epoch, seq). Pull notices have none: they are
/// never edited.
bool supersedes(RecordEnvelope const& candidate, RecordEnvelope const& held);

}  // namespace satchel
