#include "src/core/record_envelope.h"

#include <doctest/doctest.h>

#include "src/core/msgpack_codec.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

namespace {

Bytes const body{0x81, 0x01, 0x02};

RecordEnvelope sealed(RecordEnvelope const& draft, std::string_view signer = "user",
                      ByteSpan content = body) {
    SeededRandomness chance("record");
    auto record = seal_record(draft, content, sample_seal(), sample_key(signer), chance);
    REQUIRE(record);
    return std::move(*record);
}

RecordEnvelope sealed_storage() {
    return sealed(proven(storage_draft()));
}

RecordEnvelope sealed_presence() {
    return sealed(presence_draft(), "node");
}

/// What the signature covers, as FORMATS.md has it: the array without its last element.
Bytes signed_part(RecordEnvelope const& record) {
    Bytes bytes = encode_record(record);
    bytes.resize(bytes.size() - 66);
    bytes[0] = 0x9c;
    return bytes;
}

/// As the domain withdraws a slot: nobody's key, no body, its own signature.
RecordEnvelope revocation() {
    RecordEnvelope record = storage_draft();
    record.signer = PublicKey{};
    record.slot_epoch = 8;
    record = proven(record);
    record.sealed_body.assign(sealed_storage().sealed_body.size(), 0);
    record.signature = sample_key("domain").sign("satchel-record-v1", signed_part(record));
    return record;
}

}  // namespace

TEST_CASE("record: the bytes of FORMATS.md") {
    VectorFile vectors("record_envelope");
    vectors.check("seal key", sample_seal());
    vectors.check("body", body);
    vectors.check("storage", encode_record(sealed_storage()));
    vectors.check("presence", encode_record(sealed_presence()));
    vectors.check("revocation", encode_record(revocation()));
    RecordEnvelope const by_hand = revocation();
    CHECK(sign_revocation(sample_key("domain"), by_hand.dht_key,
                          {by_hand.slot_epoch, by_hand.seq, by_hand.issued, by_hand.expires,
                           by_hand.slot_expires}) == by_hand);
}

TEST_CASE("record: comes back as it went, is valid, and opens") {
    for (RecordEnvelope const& record : {sealed_storage(), sealed_presence()}) {
        CAPTURE(static_cast<int>(record.kind));
        auto const back = decode_record(encode_record(record));
        REQUIRE(back);
        CHECK(*back == record);
        CHECK(check_record(*back, record.dht_key, sample_now));
        auto const opened = open_record(*back, sample_seal());
        REQUIRE(opened);
        CHECK(*opened == body);
    }
    RecordEnvelope const own = own_draft();
    CHECK(check_record(sealed(own), own.dht_key, sample_now));
}

TEST_CASE("record: one length per kind, whatever its numbers and its body") {
    for (std::uint64_t const epoch : {0ULL, 200ULL, 70'000ULL, 1ULL << 40, ~0ULL}) {
        for (std::size_t const size : {std::size_t{0}, std::size_t{1}, std::size_t{300},
                                       body_bytes_max(RecordKind::storage)}) {
            CAPTURE(epoch);
            CAPTURE(size);
            RecordEnvelope draft = storage_draft();
            draft.slot_epoch = epoch;
            Bytes const content(size, 0);  // ends like its padding
            RecordEnvelope const record = sealed(proven(draft), "user", content);
            CHECK(encode_record(record).size() == limits::storage_record_bytes);
            auto const opened = open_record(record, sample_seal());
            REQUIRE(opened);
            CHECK(*opened == content);
        }
    }
    Bytes const longest(body_bytes_max(RecordKind::presence), 0x80);
    RecordEnvelope const presence = sealed(presence_draft(), "node", longest);
    CHECK(encode_record(presence).size() == limits::presence_record_bytes);
    CHECK(*open_record(presence, sample_seal()) == longest);
    CHECK(body_bytes_max(RecordKind::storage) == 806);
    CHECK(body_bytes_max(RecordKind::presence) == 262);
}

TEST_CASE("record: sealing refuses a body over its bound, and another's name") {
    SeededRandomness chance;
    RecordEnvelope draft = storage_draft();
    draft.slot_epoch = draft.slot_expires = draft.seq = draft.issued = draft.expires = ~0ULL;
    draft = proven(draft);
    Bytes const fits(body_bytes_max(RecordKind::storage));
    CHECK(seal_record(draft, fits, sample_seal(), sample_key("user"), chance));
    auto const over =
        seal_record(draft, with_byte_after(fits), sample_seal(), sample_key("user"), chance);
    REQUIRE_FALSE(over);
    CHECK(over.error().fault == Fault::too_large);
    auto const other = seal_record(draft, body, sample_seal(), sample_key("eve"), chance);
    REQUIRE_FALSE(other);
    CHECK(other.error().fault == Fault::usage);
}

TEST_CASE("record: cut or longer, it is refused; with any bit turned, it is not valid") {
    for (RecordEnvelope const& record : {sealed_storage(), sealed_presence(), revocation()}) {
        Bytes const bytes = encode_record(record);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            CAPTURE(at);
            CHECK_FALSE(decode_record(ByteSpan(bytes).first(at)));
            auto const other = decode_record(bent(bytes, at));
            CHECK_FALSE((other && check_record(*other, record.dht_key, sample_now)));
        }
        CHECK_FALSE(decode_record(with_byte_after(bytes)));
    }
}

TEST_CASE("record: refuses forms that we would not have written") {
    Bytes const good = encode_record(sealed_storage());

    struct Row {
        char const* why;
        Fault fault;
        void (*change)(Bytes&);
    };

    for (Row const& row : {
             Row{"empty", Fault::corrupt, [](Bytes& b) { b.clear(); }},
             Row{"version 0", Fault::refused, [](Bytes& b) { b[1] = 0; }},
             Row{"version 2", Fault::refused, [](Bytes& b) { b[1] = 2; }},
             Row{"kind 0", Fault::refused, [](Bytes& b) { b[2] = 0; }},
             Row{"kind 4", Fault::refused, [](Bytes& b) { b[2] = 4; }},
             Row{"presence of a storage record's length", Fault::corrupt,
                 [](Bytes& b) { b[2] = 2; }},
             Row{"version in two octets", Fault::corrupt,
                 [](Bytes& b) {
                     b[1] = 0xcc;
                     b.insert(b.begin() + 2, 1);
                     b.resize(1120);
                 }},
             Row{"twelve elements", Fault::corrupt,
                 [](Bytes& b) {
                     b[0] = 0x9c;
                     b.resize(b.size() - 66);
                 }},
             Row{"shorter than its kind", Fault::corrupt,
                 [](Bytes& b) {
                     RecordEnvelope record = sealed_storage();
                     record.sealed_body.pop_back();
                     b = encode_record(record);
                 }},
             Row{"longer than any kind", Fault::too_large,
                 [](Bytes& b) {
                     RecordEnvelope record = sealed_storage();
                     record.sealed_body.push_back(0);
                     b = encode_record(record);
                 }},
             Row{"proof of 63 bytes", Fault::corrupt,
                 [](Bytes& b) {
                     std::size_t const head = 3 + 22 + 34 + 1 + 5 + 1;  // the proof's length
                     REQUIRE(b[head] == 64);
                     b[head] = 63;
                     b.erase(b.begin() + static_cast<std::ptrdiff_t>(head) + 1);
                 }},
         }) {
        CAPTURE(row.why);
        Bytes bytes = good;
        row.change(bytes);
        auto const record = decode_record(bytes);
        REQUIRE_FALSE(record);
        CHECK(record.error().fault == row.fault);
    }
}

TEST_CASE("record: what every storing node and reader refuses, though it is signed") {
    enum class Proof { given, renewed };

    struct Row {
        char const* why;  ///< the error
        Fault fault;
        Proof proof;
        void (*change)(RecordEnvelope&);
    };

    for (Row const& row : {
             Row{"issued in the future", Fault::refused, Proof::given,
                 [](RecordEnvelope& r) {
                     r.issued = sample_now + limits::clock_skew_seconds + 1;
                     r.expires = r.issued + 100;
                 }},
             Row{"its seq is later than its issue", Fault::refused, Proof::given,
                 [](RecordEnvelope& r) { r.seq = (sample_now + 1) * 1000; }},
             Row{"its seq is later than its issue", Fault::refused, Proof::given,
                 [](RecordEnvelope& r) { r.seq = ~0ULL; }},
             Row{"it expires before it is issued", Fault::refused, Proof::given,
                 [](RecordEnvelope& r) { r.expires = r.issued; }},
             Row{"expired", Fault::refused, Proof::given,
                 [](RecordEnvelope& r) {
                     r.issued = sample_now - 100;
                     r.seq = r.issued * 1000;
                     r.expires = sample_now;
                 }},
             Row{"it lives longer than its kind may", Fault::refused, Proof::given,
                 [](RecordEnvelope& r) { ++r.expires; }},
             Row{"it lives longer than its kind may", Fault::refused, Proof::renewed,
                 [](RecordEnvelope& r) { r.expires = r.slot_expires = ~0ULL; }},
             Row{"it expires later than its slot", Fault::refused, Proof::renewed,
                 [](RecordEnvelope& r) { r.slot_expires = r.expires - 1; }},
             Row{"it lies under another key", Fault::corrupt, Proof::renewed,
                 [](RecordEnvelope& r) { r.dht_key.bytes[0] ^= 1; }},
             Row{"without the proof of its slot's owner", Fault::corrupt, Proof::given,
                 [](RecordEnvelope& r) { r.slot_proof.reset(); }},
             Row{"the slot's owner did not let this signer in", Fault::corrupt, Proof::given,
                 [](RecordEnvelope& r) { r.slot_epoch = 8; }},
             Row{"the slot's owner did not let this signer in", Fault::corrupt, Proof::given,
                 [](RecordEnvelope& r) { ++r.slot_expires; }},
             Row{"the slot's owner did not let this signer in", Fault::corrupt, Proof::given,
                 [](RecordEnvelope& r) { r.slot_owner = sample_key("eve").public_key(); }},
             Row{"the slot's owner did not let this signer in", Fault::corrupt, Proof::given,
                 [](RecordEnvelope& r) { (*r.slot_proof)[0] ^= 1; }},
             Row{"the slot's owner did not let this signer in", Fault::corrupt, Proof::given,
                 [](RecordEnvelope& r) { r.slot_owner = PublicKey{}; }},
             Row{"a signer's own slot with another's proof, epoch or end", Fault::corrupt,
                 Proof::given, [](RecordEnvelope& r) { r.slot_owner = r.signer; }},
         }) {
        CAPTURE(row.why);
        RecordEnvelope draft = proven(storage_draft());
        row.change(draft);
        RecordEnvelope const record = sealed(row.proof == Proof::renewed ? proven(draft) : draft);
        auto const status = check_record(record, sample_place(), sample_now);
        REQUIRE_FALSE(status);
        CHECK(status.error().what == row.why);
        CHECK(status.error().fault == row.fault);
    }
}

TEST_CASE("record: the last second of each bound still counts") {
    RecordEnvelope draft = proven(storage_draft());
    draft.seq = draft.issued * 1000 + 999;
    RecordEnvelope const record = sealed(draft);
    CHECK(check_record(record, sample_place(), sample_now - limits::clock_skew_seconds));
    CHECK_FALSE(check_record(record, sample_place(), sample_now - limits::clock_skew_seconds - 1));
    CHECK(check_record(record, sample_place(), record.expires - 1));
    CHECK_FALSE(check_record(record, sample_place(), record.expires));
    draft.slot_expires = draft.expires;
    CHECK(check_record(sealed(proven(draft)), sample_place(), sample_now));
}

TEST_CASE("record: a signer's own slot says nothing else") {
    RecordEnvelope const own = own_draft();
    RecordEnvelope epoch = own;
    epoch.slot_epoch = 1;
    RecordEnvelope end = own;
    ++end.slot_expires;
    RecordEnvelope proof = own;
    proof.slot_proof = sign_slot(sample_key("user"), own.dht_key, own.signer, 0, own.slot_expires);
    for (RecordEnvelope const& draft : {epoch, end, proof}) {
        auto const status = check_record(sealed(draft), own.dht_key, sample_now);
        REQUIRE_FALSE(status);
        CHECK(status.error().fault == Fault::corrupt);
    }
}

TEST_CASE("record: a presence is its node's own, and lies under its node's key") {
    RecordEnvelope elsewhere = presence_draft();
    elsewhere.dht_key = sample_place();
    CHECK_FALSE(check_record(sealed(elsewhere, "node"), sample_place(), sample_now));

    RecordEnvelope owned = presence_draft();
    owned.slot_owner = sample_key("domain").public_key();
    CHECK_FALSE(check_record(sealed(proven(owned), "node"), owned.dht_key, sample_now));

    RecordEnvelope long_lived = presence_draft();
    ++long_lived.expires;
    ++long_lived.slot_expires;
    CHECK_FALSE(check_record(sealed(long_lived, "node"), long_lived.dht_key, sample_now));
}

TEST_CASE("record: another's signature does not hold") {
    RecordEnvelope record = sealed_storage();
    record.signature = sample_key("eve").sign("satchel-record-v1", signed_part(record));
    CHECK_FALSE(check_record(record, sample_place(), sample_now));
    record.signature = sample_key("user").sign("satchel-offer-v1", signed_part(record));
    CHECK_FALSE(check_record(record, sample_place(), sample_now));
    record.signature = sample_key("user").sign("satchel-record-v1", signed_part(record));
    CHECK(check_record(record, sample_place(), sample_now));
}

TEST_CASE("record: a revocation is valid in its slot, supersedes, and never opens") {
    RecordEnvelope const record = revocation();
    CHECK(record.is_revocation());
    CHECK_FALSE(sealed_storage().is_revocation());
    CHECK(encode_record(record).size() == limits::storage_record_bytes);
    CHECK(check_record(record, sample_place(), sample_now));
    CHECK(supersedes(record, sealed_storage()));
    auto const opened = open_record(record, sample_seal());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().fault == Fault::refused);
}

TEST_CASE("record: nobody but the domain revokes, and a revocation carries nothing") {
    auto const sign = [](RecordEnvelope record, std::string_view signer) {
        record.signature = sample_key(signer).sign("satchel-record-v1", signed_part(record));
        return record;
    };

    RecordEnvelope bodied = revocation();
    bodied.sealed_body.back() = 1;
    RecordEnvelope ownerless = revocation();
    ownerless.slot_owner = PublicKey{};
    ownerless.slot_epoch = 0;
    ownerless.slot_expires = ownerless.expires;
    ownerless.slot_proof.reset();
    RecordEnvelope users_proof = revocation();
    users_proof.slot_proof = sealed_storage().slot_proof;
    RecordEnvelope unsigned_one = revocation();
    unsigned_one.signature = Signature{};

    struct Row {
        char const* why;
        RecordEnvelope record;
    };

    for (Row const& row :
         {Row{"the user signs", sign(revocation(), "user")}, Row{"a body", sign(bodied, "domain")},
          Row{"no owner", sign(ownerless, "domain")},
          Row{"a user's proof", sign(users_proof, "domain")}, Row{"no signature", unsigned_one}}) {
        CAPTURE(row.why);
        auto const status = check_record(row.record, sample_place(), sample_now);
        REQUIRE_FALSE(status);
        CHECK(status.error().fault == Fault::corrupt);
    }
}

TEST_CASE("record: opens with its own key and in its own envelope alone") {
    RecordEnvelope const record = sealed_storage();
    SealKey other = sample_seal();
    other[31] ^= 1;
    CHECK_FALSE(open_record(record, other));

    struct Row {
        char const* why;
        void (*change)(RecordEnvelope&);
    };

    for (Row const& row : {
             Row{"another signer",
                 [](RecordEnvelope& r) { r.signer = sample_key("eve").public_key(); }},
             Row{"another place", [](RecordEnvelope& r) { r.dht_key.bytes[0] ^= 1; }},
             Row{"another kind", [](RecordEnvelope& r) { r.kind = RecordKind::presence; }},
             Row{"a bit of the nonce", [](RecordEnvelope& r) { r.sealed_body[0] ^= 1; }},
             Row{"a bit of the text", [](RecordEnvelope& r) { r.sealed_body[30] ^= 1; }},
             Row{"a bit of the tag", [](RecordEnvelope& r) { r.sealed_body.back() ^= 1; }},
             Row{"cut", [](RecordEnvelope& r) { r.sealed_body.pop_back(); }},
             Row{"shorter than a seal", [](RecordEnvelope& r) { r.sealed_body.resize(39); }},
         }) {
        CAPTURE(row.why);
        RecordEnvelope lifted = record;
        row.change(lifted);
        auto const opened = open_record(lifted, sample_seal());
        REQUIRE_FALSE(opened);
        CHECK(opened.error().fault == Fault::corrupt);
    }
}

TEST_CASE("record: epoch before seq, and equals supersede nothing") {
    struct Row {
        std::uint64_t epoch, seq;
        bool wins;
    };

    RecordEnvelope held;
    held.slot_epoch = 7;
    held.seq = 100;
    for (Row const& row : {Row{7, 101, true}, Row{7, 100, false}, Row{7, 99, false},
                           Row{8, 1, true}, Row{6, 1'000, false}}) {
        CAPTURE(row.epoch);
        CAPTURE(row.seq);
        RecordEnvelope candidate;
        candidate.slot_epoch = row.epoch;
        candidate.seq = row.seq;
        CHECK(supersedes(candidate, held) == row.wins);
    }
}
