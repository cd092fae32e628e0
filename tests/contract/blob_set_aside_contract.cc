// What every BlobStore promises about blobs whose bytes were damaged, until they have come again.
#include <algorithm>

#include <doctest/doctest.h>

#include "tests/contract/blob_store_contract.h"
#include "tests/support/asked_store.h"

namespace satchel::testing {

using transfer::BlobStore;
using transfer::HeldBlob;
using transfer::StoreQuota;

namespace {

constexpr std::uint64_t piece = 256 * 1024;
constexpr StoreQuota roomy{1U << 30U, 1U << 30U};

/// Held for 1 and 2, and set aside.
void put_aside(BlobStore& store, SampleBlob const& blob) {
    auto const upload = begin(store, blob);
    REQUIRE(upload->write(blob.view()));
    REQUIRE(upload->finish(sample_holding(1)));
    REQUIRE(store.hold(blob.id(), sample_holding(2, "carol@c.test")));
    CHECK(*store.set_aside(blob.id()));
    CHECK(*store.set_aside(blob.id()));
}

HeldBlob listed(BlobStore& store) {
    auto const all = store.list();
    REQUIRE(all);
    REQUIRE(all->size() == 1);
    auto const page = store.list_after(std::nullopt, 5);
    REQUIRE(page);
    REQUIRE(page->size() == 1);
    CHECK(page->front().set_aside == all->front().set_aside);
    auto const alone = store.find_listed(all->front().id);
    REQUIRE(alone);
    REQUIRE(*alone);
    CHECK((*alone)->set_aside == all->front().set_aside);
    CHECK((*alone)->holdings.size() == all->front().holdings.size());
    return all->front();
}

void check_is_aside(BlobStore& store, SampleBlob const& blob, std::size_t holders) {
    CHECK_FALSE(holds(store, blob.id()));
    CHECK(fault_of(store.open(blob.id())) == Fault::not_found);
    CHECK(fault_of(store.layer(blob.id())) == Fault::not_found);
    CHECK(fault_of(store.hold(blob.id(), sample_holding(3))) == Fault::not_found);
    HeldBlob const known = listed(store);
    CHECK(known.set_aside);
    CHECK(known.size == blob.size());
    CHECK(known.holdings.size() == holders);
    CHECK(store.usage()->held_bytes == blob.size());
}

void keeps_whom_it_is_for(MakeBlobStore const& make) {
    for (std::uint64_t const size : {std::uint64_t{1'000}, 3 * piece + 7}) {
        CAPTURE(size);
        auto const store = make(roomy);
        auto const blob = sample_blob(size, 30);
        CHECK_FALSE(*store->set_aside(blob.id()));
        put_aside(*store, blob);
        auto const arrival = listed(*store).arrival;
        check_is_aside(*store, blob, 2);
        for (int i = 0; i < 3; ++i) {  // of these nothing comes
            auto const upload = begin(*store, blob, "dave@d.test");
            CHECK(fault_of(store->receive(blob.id(), size, "")) == Fault::unavailable);
            check_is_aside(*store, blob, 2);
            if (i == 0) continue;
            REQUIRE(upload->set_layer(blob.tree.layer));
            Bytes wrong = blob.bytes;
            wrong.back() ^= 1;
            auto const rest = ByteSpan(wrong).subspan(upload->offset());
            if (!rest.empty()) CHECK(fault_of(upload->write(rest)) == Fault::corrupt);
        }
        check_is_aside(*store, blob, 2);
        auto const upload = begin(*store, blob, "dave@d.test");
        REQUIRE(upload->set_layer(blob.tree.layer));
        REQUIRE(upload->write(blob.from(upload->offset())));
        check_is_aside(*store, blob, 2);
        auto newer = sample_holding(2, "dave@d.test");
        newer.grant = Bytes{9};
        REQUIRE(upload->finish(newer));
        CHECK(read_back(*store, blob.id()) == blob.bytes);
        CHECK(*store->layer(blob.id()) == blob.tree.layer);
        HeldBlob const known = listed(*store);
        CHECK_FALSE(known.set_aside);
        CHECK(known.arrival == arrival);
        REQUIRE(known.holdings.size() == 2);
        for (auto const& holding : known.holdings)
            CHECK(holding.grant == sample_holding(1).grant);
        REQUIRE(store->hold(blob.id(), sample_holding(3)));
        CHECK(store->usage()->held_bytes == size);
        CHECK(store->usage()->reserved_bytes == 0);
    }
}

void takes_another_recipient_in(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(3 * piece + 7, 31);
    put_aside(*store, blob);
    CHECK(*store->release(blob.id(), sample_holding(1).recipient));
    check_is_aside(*store, blob, 1);
    {
        auto const upload = begin(*store, blob, "dave@d.test");
        REQUIRE(upload->write(blob.from(upload->offset())));
        REQUIRE(upload->finish(sample_holding(4, "dave@d.test")));
    }
    CHECK(listed(*store).holdings.size() == 2);
}

/// The last holdings go.
void let_go(BlobStore& store, SampleBlob const& blob) {
    CHECK(*store.release(blob.id(), sample_holding(1).recipient));
    CHECK(*store.release(blob.id(), sample_holding(2).recipient));
    CHECK(store.list()->empty());
    CHECK_FALSE(store.find_listed(blob.id())->has_value());
    CHECK_FALSE(*store.set_aside(blob.id()));
    CHECK(store.usage()->held_bytes == 0);
}

void goes_with_its_last_holding(MakeBlobStore const& make) {
    for (std::uint64_t const size : {std::uint64_t{1'000}, 3 * piece + 7}) {
        CAPTURE(size);
        auto const store = make({size, size});
        auto const blob = sample_blob(size, 37);
        put_aside(*store, blob);
        if (size > piece) {  // of what has come again nothing stays, either
            auto const upload = begin(*store, blob);
            REQUIRE(upload->set_layer(blob.tree.layer));
            CHECK(store->received_so_far(blob.id()) > 0);
        }
        let_go(*store, blob);
        CHECK(store->received_so_far(blob.id()) == 0);
        CHECK(store->usage()->reserved_bytes == 0);
        // Another takes its room, and it may come like any other.
        CHECK(store->receive(sample_blob(size, 38).id(), size, "alice@a.test"));
        auto const upload = begin(*store, blob);
        CHECK(upload->offset() == 0);
        REQUIRE(upload->write(blob.view()));
        REQUIRE(upload->finish(sample_holding(1)));
        CHECK(listed(*store).holdings.size() == 1);
        CHECK(read_back(*store, blob.id()) == blob.bytes);
    }
}

void goes_on_arriving_though_let_go(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(3 * piece + 7, 39);
    put_aside(*store, blob);
    std::uint64_t come = 0;
    {
        auto const upload = begin(*store, blob, "dave@d.test");
        REQUIRE(upload->set_layer(blob.tree.layer));
        let_go(*store, blob);
        CHECK(store->usage()->reserved_bytes == blob.size());
        if (upload->offset() < blob.size()) {
            auto const rest = blob.from(upload->offset());
            REQUIRE(upload->write(rest.first(std::min(rest.size(), std::size_t{piece}))));
        }
        come = store->received_so_far(blob.id());
        CHECK(come >= piece);
    }
    // Broken off, it is like any other that was.
    CHECK(store->received_so_far(blob.id()) == come);
    CHECK(store->usage()->reserved_bytes == come);
    auto const upload = begin(*store, blob, "dave@d.test");
    CHECK(upload->offset() == come);
    REQUIRE(upload->write(blob.from(come)));
    REQUIRE(upload->finish(sample_holding(4, "dave@d.test")));
    HeldBlob const known = listed(*store);
    CHECK_FALSE(known.set_aside);
    REQUIRE(known.holdings.size() == 1);
    CHECK(known.holdings.front().sender == "dave@d.test");
    CHECK(read_back(*store, blob.id()) == blob.bytes);
}

void counts_it_once(MakeBlobStore const& make) {
    auto const blob = sample_blob(3 * piece, 32);
    auto const store = make({3 * piece + 100, 3 * piece + 100});
    put_aside(*store, blob);
    CHECK(store->usage()->reserved_bytes == 0);
    CHECK(fault_of(store->receive(blob.id(), blob.size() + 1, "")) == Fault::corrupt);
    auto const small = sample_blob(100, 33);
    auto const large = sample_blob(101, 34);
    auto const upload = begin(*store, blob);
    CHECK(store->usage()->reserved_bytes == 0);
    CHECK(store->receive(small.id(), small.size(), ""));
    CHECK(fault_of(store->receive(large.id(), large.size(), "")) == Fault::no_space);
}

void takes_drafts_for_it(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(3 * piece + 7, 35);
    auto const stand_in = sample_blob(100, 36).id();
    put_aside(*store, blob);
    {
        auto const other = store->receive_draft(stand_in, blob.size() + 1, "dave@d.test");
        REQUIRE(other);
        CHECK(fault_of((*other)->take_name(blob.id())) == Fault::corrupt);
    }
    auto const draft = store->receive_draft(stand_in, blob.size(), "dave@d.test");
    REQUIRE(draft);
    REQUIRE((*draft)->write(blob.view()));
    REQUIRE((*draft)->take_name(blob.id()));
    check_is_aside(*store, blob, 2);
    REQUIRE((*draft)->finish(sample_holding(4, "dave@d.test")));
    CHECK(read_back(*store, blob.id()) == blob.bytes);
    CHECK(listed(*store).holdings.size() == 3);
}

}  // namespace

void check_blob_set_aside_contract(MakeBlobStore const& make) {
    SUBCASE("keeps whom a damaged blob is for") {
        keeps_whom_it_is_for(make);
    }
    SUBCASE("takes another recipient of a damaged blob in") {
        takes_another_recipient_in(make);
    }
    SUBCASE("lets all of a damaged blob go with the last holding") {
        goes_with_its_last_holding(make);
    }
    SUBCASE("goes on with a damaged blob that comes again, though nobody holds it") {
        goes_on_arriving_though_let_go(make);
    }
    SUBCASE("counts a damaged blob once") {
        counts_it_once(make);
    }
    SUBCASE("takes drafts for a damaged blob") {
        takes_drafts_for_it(make);
    }
}

}  // namespace satchel::testing
