#include "dht/record_policy.h"

#include <doctest/doctest.h>

#include "tests/support/pull_notices.h"

using namespace satchel;
using namespace satchel::location;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t now = 1'800'000'000;

Bytes bent(Bytes bytes, std::size_t at) {
    bytes[at] = static_cast<Byte>(bytes[at] ^ 1U);
    return bytes;
}

Bytes shortened(Bytes bytes) {
    bytes.pop_back();
    return bytes;
}

Bytes lengthened(Bytes bytes) {
    bytes.push_back(0);
    return bytes;
}

}  // namespace

TEST_CASE("record policy: admits a user's and a node's own records") {
    StorageUser bob("bob@b.test", now);
    for (RecordEnvelope const& record : {bob.storage(), bob.own_storage(), bob.withdrawn(),
                                         bob.revocation(), bob.presence(), bob.presence(false)}) {
        CAPTURE(static_cast<int>(record.kind));
        CAPTURE(record.seq);
        auto const bytes = encode_record(record);
        auto const admitted = admit_record(place_of(record), bytes, now);
        REQUIRE_MESSAGE(admitted, (admitted ? "" : admitted.error().what));
        CHECK(*admitted == record);
    }
}

TEST_CASE("record policy: refuses what does not belong there") {
    StorageUser bob("bob@b.test", now);
    StorageUser eve("eve@e.test", now);
    auto const good = bob.storage();
    auto const bytes = encode_record(good);
    auto const place = place_of(good);
    auto const presence = bob.presence();

    auto elsewhere = place;
    elsewhere.key = eve.locator.key;
    auto squatted = place;
    squatted.slot = slot_id(eve.domain);
    auto as_presence = place;
    as_presence.kind = RecordKind::presence;
    auto as_storage = place_of(presence);
    as_storage.kind = RecordKind::storage;
    auto eves_presence_at_bobs_key = place_of(eve.presence());
    eves_presence_at_bobs_key.key = presence_key(bob.node);

    auto forged = bob.draft();  // eve signs for bob's slot, with a proof of her own
    forged.signer = eve.user;
    forged.slot_proof = sign_slot(eve.domain_key, forged.dht_key, forged.signer, forged.slot_epoch,
                                  forged.slot_expires);
    auto const body = encode_storage_record(bob.record());
    auto const forgery =
        encode_record(*seal_record(forged, *body, bob.locator.seal, eve.user_key, eve.chance));

    struct Row {
        char const* why;
        RecordPlace place;
        Bytes bytes;
        std::uint64_t at = now;
    };

    for (Row const& row : {
             Row{"empty", place, {}},
             Row{"one byte short", place, shortened(bytes)},
             Row{"one byte more", place, lengthened(bytes)},
             Row{"zeros of the right length", place, Bytes(bytes.size(), 0)},
             Row{"a bent head", place, bent(bytes, 0)},
             Row{"a bent key", place, bent(bytes, 6)},
             Row{"a bent body", place, bent(bytes, bytes.size() - 200)},
             Row{"a bent signature", place, bent(bytes, bytes.size() - 1)},
             Row{"under another key", elsewhere, bytes},
             Row{"in another's slot", squatted, bytes},
             Row{"as another kind", as_presence, bytes},
             Row{"presence as storage", as_storage, encode_record(presence)},
             Row{"at another node's key", eves_presence_at_bobs_key, encode_record(eve.presence())},
             Row{"signed for by a stranger", place, forgery},
             Row{"expired", place, bytes, good.expires},
             Row{"issued in the future", place, bytes, good.issued - 121},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(admit_record(row.place, row.bytes, row.at));
    }
}

TEST_CASE("record policy: a slot is edited by (epoch, seq)") {
    StorageUser bob("bob@b.test", now);
    auto const place = place_of(bob.storage());
    auto const older = encode_record(bob.storage(500));
    auto const newer = encode_record(bob.storage(400));
    auto const revoked = encode_record(bob.revocation());
    CHECK(admit_edit(place, older, newer, now));
    CHECK_FALSE(admit_edit(place, newer, older, now));
    CHECK_FALSE(admit_edit(place, newer, newer, now));
    CHECK_FALSE(admit_edit(place, older, bent(newer, newer.size() - 1), now));
    CHECK(admit_edit(place, newer, revoked, now));
    CHECK_FALSE(admit_edit(place, revoked, newer, now));
    // What is no record gives way to one, but to nothing else.
    CHECK(admit_edit(place, Bytes(3, 'x'), newer, now));
    CHECK_FALSE(admit_edit(place, Bytes(3, 'x'), Bytes(3, 'y'), now));
}

TEST_CASE("record policy: a pull notice is admitted in its own slot and never edited") {
    StorageUser bob("bob@b.test", now);
    auto const notice = sample_notice(bob, 1);
    auto const place = place_of(notice);
    auto const bytes = encode_record(notice);
    CHECK(admit_record(place, bytes, now));
    CHECK_FALSE(admit_record(place, bytes, notice.expires));
    auto squatted = place;
    squatted.slot ^= 1;
    CHECK_FALSE(admit_record(squatted, bytes, now));
    auto elsewhere = place;
    elsewhere.key = presence_key(bob.node);
    CHECK_FALSE(admit_record(elsewhere, bytes, now));

    // The maker of the throw-away key signs a second one for the same slot, newer in every number.
    auto newer = resigned(notice, [](RecordEnvelope& r) { r.seq += 1; });
    REQUIRE(admit_record(place, encode_record(newer), now));
    auto const edit = admit_edit(place, bytes, encode_record(newer), now);
    REQUIRE_FALSE(edit);
    CHECK(edit.error().fault == Fault::refused);
}
