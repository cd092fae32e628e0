// Of the disk store: small blobs that come whole, and their files before and after settle().
#include <filesystem>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "tests/support/disk_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::testing;
using transfer::DiskBlobStore;
namespace fs = std::filesystem;

namespace {

struct Shelf {
    TempFolder folder;
    FakeClock clock;
    SampleBlob blob = sample_blob(1'000);
    std::unique_ptr<DiskBlobStore> store;

    Shelf() { reopen(); }

    void reopen() {
        store.reset();
        auto opened = DiskBlobStore::open(options_in(folder / "store"), clock);
        REQUIRE(opened);
        store = std::move(*opened);
    }

    void take() { REQUIRE(store->take(blob.id(), blob.view(), sample_holding(1))); }

    bool release() { return *store->release(blob.id(), sample_holding(1).recipient); }

    fs::path file() const {
        auto const hex = blob.id().to_hex();
        return folder / "store" / "blobs" / hex.substr(0, 2) / hex;
    }

    void spoil() const {
        auto const opened = open_file(file().string(), O_WRONLY);
        REQUIRE(opened);
        REQUIRE(write_all_at(opened->get(), Bytes(500), 0));
    }
};

}  // namespace

TEST_CASE("disk_blob_taking: what a power cut takes of a file is written again") {
    Shelf shelf;
    shelf.take();
    check_whole(*shelf.store, shelf.blob);
    SUBCASE("all") {
        fs::remove(shelf.file());
    }
    SUBCASE("its bytes") {
        fs::resize_file(shelf.file(), 0);
    }
    SUBCASE("some bytes") {
        shelf.spoil();
    }
    SUBCASE("nothing, but something is behind them") {
        fs::resize_file(shelf.file(), 2'000);
    }
    SUBCASE("nothing") {}
    shelf.reopen();
    CHECK(shelf.store->opening().clean());
    check_whole(*shelf.store, shelf.blob);
    CHECK(fs::exists(shelf.file()));
    // Not synced as yet: a second power cut takes it again.
    fs::remove(shelf.file());
    shelf.reopen();
    CHECK(shelf.store->opening().clean());
    check_whole(*shelf.store, shelf.blob);
    // Then it is durable as others are.
    REQUIRE(shelf.store->settle());
    fs::remove(shelf.file());
    shelf.reopen();
    CHECK(shelf.store->opening().lost.size() == 1);
}

TEST_CASE("disk_blob_taking: the index lets go of what is settled") {
    Shelf shelf;
    shelf.take();
    REQUIRE(shelf.store->settle());
    check_whole(*shelf.store, shelf.blob);
    fs::remove(shelf.file());
    shelf.reopen();
    CHECK(shelf.store->opening().lost.size() == 1);
}

TEST_CASE("disk_blob_taking: a folder that is missing is made") {
    Shelf shelf;
    fs::remove(shelf.file().parent_path());
    shelf.take();
    check_whole(*shelf.store, shelf.blob);
    REQUIRE(shelf.store->settle());
}

TEST_CASE("disk_blob_taking: trouble with our disk is never the sender's fault") {
    Shelf shelf;
    fs::rename(shelf.folder / "store" / "blobs", shelf.folder / "away");
    auto const taken = shelf.store->take(shelf.blob.id(), shelf.blob.view(), sample_holding(1));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().fault == Fault::io);
}

TEST_CASE("disk_blob_taking: what is released stays away, and may come again") {
    Shelf shelf;
    shelf.take();
    CHECK(shelf.release());
    CHECK_FALSE(fs::exists(shelf.file()));
    REQUIRE(shelf.store->settle());
    shelf.take();
    CHECK(shelf.release());
    shelf.reopen();
    CHECK(shelf.store->opening().clean());
    CHECK_FALSE(fs::exists(shelf.file()));
    shelf.take();
    shelf.reopen();
    check_whole(*shelf.store, shelf.blob);
}

TEST_CASE("disk_blob_taking: a damaged one that comes again is whole, whatever happens then") {
    Shelf shelf;
    shelf.take();
    shelf.spoil();
    CHECK(*shelf.store->set_aside(shelf.blob.id()));
    shelf.reopen();
    CHECK_FALSE(shelf.store->open(shelf.blob.id()));
    shelf.take();
    fs::remove(shelf.file());
    shelf.reopen();
    check_whole(*shelf.store, shelf.blob);
}

TEST_CASE("disk_blob_taking: what is wrong leaves no file") {
    Shelf shelf;
    Bytes wrong = shelf.blob.bytes;
    wrong[10] ^= 1;
    CHECK_FALSE(shelf.store->take(shelf.blob.id(), wrong, sample_holding(1)));
    CHECK_FALSE(fs::exists(shelf.file()));
    shelf.reopen();
    CHECK(shelf.store->opening().clean());
}
