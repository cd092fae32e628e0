#include "tests/contract/blob_store_contract.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/support/asked_store.h"
#include "tests/support/sample_blob.h"

namespace satchel::testing {

using transfer::BlobStore;
using transfer::BlobUpload;
using transfer::StoreQuota;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t piece = 256 * kib;
constexpr StoreQuota roomy{1U << 30U, 1U << 30U};

void put(BlobStore& store, SampleBlob const& blob, transfer::Holding const& holding) {
    auto const upload = begin(store, blob, holding.sender);
    REQUIRE(upload->set_layer(blob.tree.layer));
    REQUIRE(upload->write(blob.view()));
    REQUIRE(upload->finish(holding));
}

void keeps_what_it_took(MakeBlobStore const& make) {
    auto const store = make(roomy);
    for (std::uint64_t const size :
         {std::uint64_t{32}, 16 * kib, piece - 1, piece, piece + 1, 5 * piece + 777}) {
        for (bool const layered : {true, false}) {
            CAPTURE(size);
            CAPTURE(layered);
            auto const blob = sample_blob(size, layered ? size : size + 1);
            auto const holding = sample_holding(7);
            auto const upload = begin(*store, blob);
            if (layered) REQUIRE(upload->set_layer(blob.tree.layer));
            for (std::uint64_t at = 0; at < size; at += 100'000) {
                REQUIRE(upload->offset() == at);
                REQUIRE(upload->write(
                    blob.from(at).first(std::min<std::uint64_t>(100'000, size - at))));
            }
            CHECK_FALSE(holds(*store, blob.id()));
            REQUIRE(upload->finish(holding));

            CHECK(read_back(*store, blob.id()) == blob.bytes);
            auto const layer = store->layer(blob.id());
            REQUIRE(layer);
            CHECK(*layer == blob.tree.layer);
            auto const found = store->find(blob.id());
            REQUIRE(found);
            REQUIRE(*found);
            CHECK((*found)->size == size);
            REQUIRE((*found)->holdings.size() == 1);
            auto const& kept = (*found)->holdings.front();
            CHECK(kept.recipient == holding.recipient);
            CHECK(kept.sender == holding.sender);
            CHECK(kept.offer == holding.offer);
            CHECK(kept.grant == holding.grant);
            CHECK(kept.label == holding.label);
            CHECK(kept.stored == holding.stored);
            CHECK(fault_of(upload->finish(holding)) == Fault::usage);
        }
    }
    auto const all = store->list();
    REQUIRE(all);
    CHECK(all->size() == 12);
    // The same, some at a time.
    std::vector<ContentId> ids;
    std::optional<ContentId> last;
    for (;;) {
        auto const some = store->list_after(last, 5);
        REQUIRE(some);
        CHECK(some->size() <= 5);
        if (some->empty()) break;
        for (transfer::HeldBlob const& blob : *some)
            ids.push_back(blob.id);
        last = ids.back();
        REQUIRE(some->front().holdings.size() == 1);
    }
    CHECK(ids.size() == 12);
    CHECK(std::ranges::is_sorted(ids));
}

void lists_in_order_of_arrival(MakeBlobStore const& make) {
    auto const store = make(roomy);
    std::vector<ContentId> arrived;
    for (unsigned n = 0; n < 12; ++n) {
        auto const blob = sample_blob(100 + n, n);
        put(*store, blob, sample_holding(1));
        arrived.push_back(blob.id());
    }
    auto const all = store->list();
    REQUIRE(all);
    std::vector<ContentId> listed;
    for (auto const& blob : *all)
        listed.push_back(blob.id);
    CHECK(listed == arrived);
    // The same, some at a time, while one that was told of already goes and comes again.
    std::vector<ContentId> paged;
    std::uint64_t last = 0;
    for (;;) {
        auto const some = store->list_arrived_after(last, 5);
        REQUIRE(some);
        CHECK(some->size() <= 5);
        if (some->empty()) break;
        for (auto const& blob : *some) {
            CHECK(blob.arrival > last);
            CHECK(blob.holdings.size() == 1);
            last = blob.arrival;
            paged.push_back(blob.id);
        }
        if (paged.size() != 5) continue;
        REQUIRE(store->release(arrived[2], sample_holding(1).recipient));
        put(*store, sample_blob(102, 2), sample_holding(1));
    }
    arrived.push_back(arrived[2]);
    CHECK(paged == arrived);
}

void refuses_wrong_bytes(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(3 * piece + 50, 3);
    std::uint64_t const starts[] = {0, piece, 2 * piece, 3 * piece};
    for (std::uint64_t const start : starts) {
        CAPTURE(start);
        auto const upload = begin(*store, blob);
        REQUIRE(upload->set_layer(blob.tree.layer));
        Bytes wrong = blob.bytes;
        wrong[start + 20] ^= 1;
        REQUIRE(upload->write(blob.from(upload->offset()).first(start - upload->offset())));
        CHECK(fault_of(upload->write(ByteSpan(wrong).subspan(start))) == Fault::corrupt);
        CHECK(upload->offset() == start);
        CHECK(fault_of(upload->finish(sample_holding(1))) == Fault::corrupt);
        CHECK_FALSE(holds(*store, blob.id()));
    }
    // What was right before is still there, and the right bytes still get in.
    auto const upload = begin(*store, blob);
    CHECK(upload->offset() == 3 * piece);
    REQUIRE(upload->write(blob.from(3 * piece)));
    REQUIRE(upload->finish(sample_holding(1)));
    CHECK(read_back(*store, blob.id()) == blob.bytes);
}

void refuses_wrong_blobs_without_layer(MakeBlobStore const& make) {
    auto const store = make(roomy);
    for (std::uint64_t const size : {std::uint64_t{1'000}, 2 * piece + 9}) {
        CAPTURE(size);
        auto const blob = sample_blob(size, 4);
        Bytes wrong = blob.bytes;
        wrong.front() ^= 1;
        {
            auto const upload = begin(*store, blob);
            auto const written = upload->write(wrong);
            // A blob of one piece shows it at once.
            CHECK(written.has_value() == (size > piece));
            CHECK(fault_of(upload->finish(sample_holding(1))) == Fault::corrupt);
            CHECK(upload->offset() == 0);
        }
        CHECK_FALSE(holds(*store, blob.id()));
        CHECK(store->received_so_far(blob.id()) == 0);
        CHECK(fault_of(store->open(blob.id())) == Fault::not_found);
        CHECK(fault_of(store->layer(blob.id())) == Fault::not_found);
        put(*store, blob, sample_holding(1));
    }
}

void refuses_wrong_sizes(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(piece + 100, 5);
    CHECK(fault_of(store->receive(blob.id(), 0, "")) == Fault::refused);
    CHECK(fault_of(store->receive(blob.id(), 31, "")) == Fault::refused);

    auto const upload = begin(*store, blob);
    REQUIRE(upload->set_layer(blob.tree.layer));
    REQUIRE(upload->write(blob.view().first(piece + 99)));
    CHECK(fault_of(upload->finish(sample_holding(1))) == Fault::corrupt);
    CHECK(fault_of(upload->write(Bytes(2))) == Fault::corrupt);
    CHECK(upload->offset() == piece + 99);
    REQUIRE(upload->write(blob.from(piece + 99)));
    CHECK(fault_of(upload->write(Bytes(1))) == Fault::corrupt);
    REQUIRE(upload->finish(sample_holding(1)));
}

void refuses_wrong_layers(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(4 * piece, 6);
    auto const upload = begin(*store, blob);
    CHECK(fault_of(upload->set_layer({})) == Fault::corrupt);
    Bytes wrong = blob.tree.layer;
    wrong[33] ^= 1;
    CHECK(fault_of(upload->set_layer(wrong)) == Fault::corrupt);

    // A layer that comes late finds the wrong piece among those that came.
    Bytes spoiled = blob.bytes;
    spoiled[piece + 1] ^= 1;
    REQUIRE(upload->write(ByteSpan(spoiled).first(3 * piece + 10)));
    CHECK(fault_of(upload->set_layer(blob.tree.layer)) == Fault::corrupt);
    CHECK(upload->offset() == piece);
    CHECK(upload->set_layer(blob.tree.layer));
    REQUIRE(upload->write(blob.from(piece)));
    REQUIRE(upload->finish(sample_holding(1)));
    CHECK(read_back(*store, blob.id()) == blob.bytes);
}

void goes_on_with_what_was_verified(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(4 * piece + 5, 8);
    {
        auto const upload = begin(*store, blob);
        REQUIRE(upload->set_layer(blob.tree.layer));
        REQUIRE(upload->write(blob.view().first(2 * piece + 1'000)));
        CHECK(store->received_so_far(blob.id()) == 2 * piece);
        CHECK(fault_of(store->receive(blob.id(), blob.size(), "")) == Fault::unavailable);
        Bytes some(piece);
        REQUIRE(upload->read(piece - 5, some));
        CHECK(some == copy_of(blob.from(piece - 5).first(piece)));
        REQUIRE(upload->read(piece, some));
        for (std::uint64_t const at : {piece + 1, 2 * piece, 3 * piece, ~std::uint64_t{0}})
            CHECK(fault_of(upload->read(at, some)) == Fault::usage);
    }
    CHECK(store->received_so_far(blob.id()) == 2 * piece);
    auto usage = store->usage();
    REQUIRE(usage);
    CHECK(usage->reserved_bytes == 2 * piece);
    {
        auto const upload = begin(*store, blob);
        CHECK(upload->offset() == 2 * piece);
        REQUIRE(upload->set_layer(blob.tree.layer));
        REQUIRE(upload->write(blob.from(2 * piece)));
    }
    // All there, but nobody said finish.
    CHECK(store->received_so_far(blob.id()) == blob.size());
    auto const upload = begin(*store, blob);
    CHECK(upload->offset() == blob.size());
    REQUIRE(upload->finish(sample_holding(1)));
    CHECK(read_back(*store, blob.id()) == blob.bytes);
    usage = store->usage();
    REQUIRE(usage);
    CHECK(usage->blobs == 1);
    CHECK(usage->held_bytes == blob.size());
    CHECK(usage->reserved_bytes == 0);
}

void keeps_nothing_unverified(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(4 * piece, 9);
    {
        auto const upload = begin(*store, blob);
        REQUIRE(upload->write(blob.view().first(3 * piece)));
        CHECK(store->received_so_far(blob.id()) == 0);
    }
    CHECK(store->received_so_far(blob.id()) == 0);
    CHECK(begin(*store, blob)->offset() == 0);
    auto const usage = store->usage();
    REQUIRE(usage);
    CHECK(usage->reserved_bytes == 0);
}

void counts_holdings(MakeBlobStore const& make) {
    auto const store = make(roomy);
    auto const blob = sample_blob(1'000, 10);
    CHECK(fault_of(store->hold(blob.id(), sample_holding(1))) == Fault::not_found);
    put(*store, blob, sample_holding(1));
    CHECK(fault_of(store->receive(blob.id(), blob.size(), "")) == Fault::refused);
    REQUIRE(store->hold(blob.id(), sample_holding(2, "carol@c.test")));
    auto newer = sample_holding(2, "dave@d.test");
    newer.grant = Bytes{9};
    REQUIRE(store->hold(blob.id(), newer));
    auto const found = store->find(blob.id());
    REQUIRE(found);
    REQUIRE(*found);
    REQUIRE((*found)->holdings.size() == 2);

    auto const open = store->open(blob.id());
    REQUIRE(open);
    CHECK(*store->release(blob.id(), sample_holding(3).recipient) == false);
    CHECK(*store->release(blob.id(), sample_holding(1).recipient) == true);
    CHECK(*store->release(blob.id(), sample_holding(1).recipient) == false);
    CHECK(holds(*store, blob.id()));
    CHECK(*store->release(blob.id(), sample_holding(2).recipient) == true);
    CHECK_FALSE(holds(*store, blob.id()));
    CHECK(fault_of(store->open(blob.id())) == Fault::not_found);
    Bytes still(blob.size());
    CHECK(*read_at(open->get(), still, 0) == blob.size());
    CHECK(still == blob.bytes);
    auto const all = store->list();
    REQUIRE(all);
    CHECK(all->empty());
    // It may come again.
    put(*store, blob, sample_holding(1));
}

void keeps_to_the_quota(MakeBlobStore const& make) {
    {
        auto const store = make({2 * piece, roomy.per_sender_bytes});
        auto const first = sample_blob(piece, 11);
        auto const second = sample_blob(piece, 12);
        auto const third = sample_blob(32, 13);
        put(*store, first, sample_holding(1));
        auto upload = begin(*store, second);
        CHECK(fault_of(store->receive(third.id(), third.size(), "")) == Fault::no_space);
        // An upload that is given up without a verified byte gives its room back.
        upload.reset();
        CHECK(store->receive(third.id(), third.size(), ""));
        CHECK(fault_of(store->receive(second.id(), piece + 1, "")) == Fault::no_space);
        CHECK(fault_of(store->receive(second.id(), ~std::uint64_t{0}, "")) == Fault::no_space);
        REQUIRE(store->release(first.id(), sample_holding(1).recipient));
        CHECK(store->receive(second.id(), piece + 1, ""));
    }
    auto const store = make({roomy.total_bytes, 2'000});
    auto const first = sample_blob(1'500, 14);
    auto const second = sample_blob(1'000, 15);
    auto const third = sample_blob(400, 16);
    put(*store, first, sample_holding(1, "alice@a.test"));
    REQUIRE(store->hold(first.id(), sample_holding(2, "alice@a.test")));  // counts once
    CHECK(fault_of(store->receive(second.id(), second.size(), "alice@a.test")) == Fault::no_space);
    {
        auto const upload = begin(*store, third, "alice@a.test");
        auto const more = store->receive(second.id(), 101, "alice@a.test");
        CHECK(fault_of(more) == Fault::no_space);
        CHECK(store->receive(second.id(), second.size(), ""));
    }
    put(*store, second, sample_holding(1, "bob@b.test"));
    CHECK(fault_of(store->hold(first.id(), sample_holding(3, "bob@b.test"))) == Fault::no_space);
    CHECK(store->hold(second.id(), sample_holding(3, "")));
}

void takes_all_at_once(MakeBlobStore const& make) {
    auto const store = make({2 * piece, 2 * piece});
    auto const holding = sample_holding(7);
    for (std::uint64_t const size : {std::uint64_t{32}, 16 * kib, 16 * kib + 1, piece + 1}) {
        CAPTURE(size);
        auto const blob = sample_blob(size);
        Bytes wrong = blob.bytes;
        wrong.back() ^= 1;
        CHECK(fault_of(store->take(blob.id(), wrong, holding)) == Fault::corrupt);
        {
            auto const upload = begin(*store, blob);
            CHECK(fault_of(store->take(blob.id(), blob.view(), holding)) == Fault::unavailable);
        }
        REQUIRE(store->take(blob.id(), blob.view(), holding));
        CHECK(read_back(*store, blob.id()) == blob.bytes);
        CHECK((*store->find(blob.id()))->holdings.front().grant == holding.grant);
        CHECK(fault_of(store->take(blob.id(), blob.view(), holding)) == Fault::refused);
        REQUIRE(store->settle());
        CHECK(read_back(*store, blob.id()) == blob.bytes);
    }
    CHECK(store->usage()->reserved_bytes == 0);
    auto const tiny = sample_blob(16);
    CHECK(fault_of(store->take(tiny.id(), tiny.view(), holding)) == Fault::refused);
    auto const full = make({900, 900});
    auto const large = sample_blob(1'000);
    CHECK(fault_of(full->take(large.id(), large.view(), holding)) == Fault::no_space);
    CHECK_FALSE(holds(*full, large.id()));
}

}  // namespace

void check_blob_store_contract(MakeBlobStore const& make) {
    SUBCASE("keeps what it took") {
        keeps_what_it_took(make);
    }
    SUBCASE("lists in order of arrival") {
        lists_in_order_of_arrival(make);
    }
    SUBCASE("refuses wrong bytes at any piece") {
        refuses_wrong_bytes(make);
    }
    SUBCASE("refuses wrong blobs without a layer") {
        refuses_wrong_blobs_without_layer(make);
    }
    SUBCASE("refuses wrong sizes") {
        refuses_wrong_sizes(make);
    }
    SUBCASE("refuses wrong layers") {
        refuses_wrong_layers(make);
    }
    SUBCASE("goes on with what was verified") {
        goes_on_with_what_was_verified(make);
    }
    SUBCASE("keeps nothing unverified") {
        keeps_nothing_unverified(make);
    }
    SUBCASE("counts holdings") {
        counts_holdings(make);
    }
    SUBCASE("keeps to the quota") {
        keeps_to_the_quota(make);
    }
    SUBCASE("takes all at once") {
        takes_all_at_once(make);
    }
    check_blob_draft_contract(make);
    check_blob_set_aside_contract(make);
}

}  // namespace satchel::testing
