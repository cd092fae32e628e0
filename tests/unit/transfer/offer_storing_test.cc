#include "transfer/offer_storing.h"

#include "tests/support/asked_store.h"
#include "tests/support/memory_blob_store.h"
#include "tests/support/sample_offer.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;

namespace {

constexpr Byte bob = 1;
constexpr Byte carol = 2;

struct Shelf {
    OfferParties parties;
    MemoryBlobStore store;
    SampleBlob blob = sample_blob(1'000);

    Offer offer() { return parties.draft(blob.id(), blob.size()); }

    Taken take(Byte recipient, std::shared_ptr<BlobUpload> begun = nullptr) {
        return take_whole(store, offer(), sample_holding(recipient), blob.view(), std::move(begun));
    }

    std::vector<Holding> holdings() { return (*store.find(blob.id()))->holdings; }
};

}  // namespace

TEST_CASE("offer_storing: what comes whole is held, for each recipient once") {
    Shelf shelf;
    REQUIRE(shelf.take(bob).status);
    CHECK(read_back(shelf.store, shelf.blob.id()) == shelf.blob.bytes);
    REQUIRE(shelf.take(carol).status);
    Holding again = sample_holding(bob);
    again.grant = Bytes{9};
    CHECK(take_whole(shelf.store, shelf.offer(), again, shelf.blob.view(), nullptr).status);
    REQUIRE(shelf.holdings().size() == 2);
    CHECK(shelf.holdings().front().grant == sample_holding(bob).grant);
}

TEST_CASE("offer_storing: what is wrong is not held, and bars nothing") {
    Shelf shelf;
    Bytes wrong = shelf.blob.bytes;
    wrong[10] ^= 1;
    auto const taken = take_whole(shelf.store, shelf.offer(), sample_holding(bob), wrong, nullptr);
    CHECK(taken.status.error().fault == Fault::corrupt);
    CHECK_FALSE(taken.upload);
    CHECK_FALSE(taken.arriving);
    CHECK_FALSE(holds(shelf.store, shelf.blob.id()));
    CHECK(shelf.take(bob).status);

    Offer longer = shelf.offer();
    ++longer.size;
    Bytes more = shelf.blob.bytes;
    more.push_back(0);
    CHECK(take_whole(shelf.store, longer, sample_holding(carol), more, nullptr)
              .status.error()
              .fault == Fault::corrupt);
    CHECK(shelf.holdings().size() == 1);
}

TEST_CASE("offer_storing: a blob that is arriving already is told, and may be gone on with") {
    Shelf shelf;
    std::shared_ptr<BlobUpload> const begun = begin(shelf.store, shelf.blob);
    auto const taken = shelf.take(bob);
    CHECK_FALSE(taken.status);
    CHECK(taken.arriving == 0);
    REQUIRE(begun->write(shelf.blob.view().first(400)));
    REQUIRE(shelf.take(bob, begun).status);
    CHECK(read_back(shelf.store, shelf.blob.id()) == shelf.blob.bytes);
}
