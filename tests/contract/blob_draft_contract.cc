// What every BlobStore promises about drafts, whose name comes after their bytes.
#include <doctest/doctest.h>

#include "tests/contract/blob_store_contract.h"
#include "tests/support/asked_store.h"

namespace satchel::testing {

using transfer::BlobStore;
using transfer::BlobUpload;
using transfer::StoreQuota;

namespace {

constexpr std::uint64_t piece = 256 * 1024;
constexpr StoreQuota roomy{1U << 30U, 1U << 30U};

void takes_drafts(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(5 * piece + 777, 20);
    auto const stand_in = sample_blob(100, 21).id();
    CHECK(fault_of(store->receive_draft(stand_in, piece, "")) == Fault::refused);
    {
        auto const draft = store->receive_draft(stand_in, blob.size(), "alice@a.test");
        REQUIRE(draft);
        CHECK(fault_of(store->receive_draft(stand_in, blob.size(), "")) == Fault::unavailable);
        CHECK(store->usage()->reserved_bytes == blob.size());
        REQUIRE((*draft)->write(blob.view()));
        REQUIRE((*draft)->sync());
        CHECK(fault_of((*draft)->finish(sample_holding(1))) == Fault::corrupt);
    }
    {
        auto const draft = store->receive_draft(stand_in, blob.size(), "alice@a.test");
        REQUIRE(draft);
        REQUIRE((*draft)->write(blob.from((*draft)->offset())));
        REQUIRE((*draft)->take_name(blob.id()));
        CHECK_FALSE(holds(*store, blob.id()));
        CHECK(fault_of(store->receive(blob.id(), blob.size(), "")) == Fault::unavailable);
        REQUIRE((*draft)->finish(sample_holding(1)));
    }
    CHECK(read_back(*store, blob.id()) == blob.bytes);
    CHECK(*store->layer(blob.id()) == blob.tree.layer);
    CHECK(store->usage()->reserved_bytes == 0);
    auto const draft = store->receive_draft(stand_in, blob.size(), "alice@a.test");
    REQUIRE(draft);
    CHECK(fault_of((*draft)->take_name(blob.id())) == Fault::refused);
}

void refuses_drafts_of_other_blobs(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(5 * piece + 777, 22);
    auto const stand_in = sample_blob(100, 23).id();
    Bytes wrong = blob.bytes;
    wrong[2 * piece] ^= 1;
    for (bool const layered : {false, true}) {
        CAPTURE(layered);
        auto const draft = store->receive_draft(stand_in, blob.size(), "alice@a.test");
        REQUIRE(draft);
        REQUIRE((*draft)->write(wrong));
        REQUIRE((*draft)->take_name(blob.id()));
        if (layered) {
            CHECK(fault_of((*draft)->set_layer(blob.tree.layer)) == Fault::corrupt);
            CHECK((*draft)->offset() == 2 * piece);
        }
        CHECK(fault_of((*draft)->finish(sample_holding(1))) == Fault::corrupt);
        CHECK_FALSE(holds(*store, blob.id()));
    }
    auto const upload = begin(*store, blob);
    CHECK(upload->offset() == 2 * piece);
    REQUIRE(upload->write(blob.from(2 * piece)));
    REQUIRE(upload->finish(sample_holding(1)));
}

void goes_on_with_a_named_draft(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(5 * piece + 777, 24);
    auto const stand_in = sample_blob(100, 25).id();
    CHECK(fault_of(store->name_draft(stand_in, blob.id(), blob.size())) == Fault::not_found);
    {
        auto const draft = store->receive_draft(stand_in, blob.size(), "alice@a.test");
        REQUIRE(draft);
        REQUIRE((*draft)->write(blob.view().first(3 * piece + 5)));
        CHECK(fault_of(store->name_draft(stand_in, blob.id(), blob.size())) == Fault::not_found);
    }
    CHECK(fault_of(store->name_draft(stand_in, blob.id(), blob.size() + 1)) == Fault::not_found);
    REQUIRE(store->name_draft(stand_in, blob.id(), blob.size()));
    CHECK(fault_of(store->name_draft(stand_in, blob.id(), blob.size())) == Fault::not_found);
    auto const upload = begin(*store, blob);
    CHECK(upload->offset() == 3 * piece);
    REQUIRE(upload->set_layer(blob.tree.layer));
    CHECK(upload->offset() == 3 * piece);
    REQUIRE(upload->write(blob.from(3 * piece)));
    REQUIRE(upload->finish(sample_holding(1)));
    CHECK(read_back(*store, blob.id()) == blob.bytes);
}

/// Of its sender a draft is begun anew where both ends were killed after the name was told.
void keeps_more_than_nothing(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(5 * piece + 777, 26);
    auto const stand_in = sample_blob(100, 27).id();
    auto const draft_of = [&](std::uint64_t bytes) {
        auto draft = store->receive_draft(stand_in, blob.size(), "alice@a.test");
        REQUIRE(draft);
        REQUIRE((*draft)->write(blob.from((*draft)->offset()).first(bytes)));
        return std::move(*draft);
    };
    REQUIRE(draft_of(3 * piece)->take_name(blob.id()));
    CHECK(store->received_so_far(blob.id()) == 3 * piece);
    CHECK(fault_of(draft_of(0)->take_name(blob.id())) == Fault::refused);
    CHECK(store->received_so_far(blob.id()) == 3 * piece);
    CHECK(fault_of(draft_of(piece - 1)->take_name(blob.id())) == Fault::refused);
    CHECK(store->received_so_far(blob.id()) == 3 * piece);
    // Nobody has verified that yet: another draft may be the right one.
    REQUIRE(draft_of(2 * piece)->take_name(blob.id()));
    CHECK(store->received_so_far(blob.id()) == 2 * piece);
}

}  // namespace

void check_blob_draft_contract(MakeBlobStore const& make) {
    SUBCASE("takes drafts") {
        takes_drafts(make);
    }
    SUBCASE("refuses drafts of other blobs") {
        refuses_drafts_of_other_blobs(make);
    }
    SUBCASE("goes on with a named draft") {
        goes_on_with_a_named_draft(make);
    }
    SUBCASE("keeps more than nothing") {
        keeps_more_than_nothing(make);
    }
}

}  // namespace satchel::testing
