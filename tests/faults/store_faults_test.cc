// Crashes between any two writes of a blob store: as a damaged blob comes anew, and a small one at
// once. And small ones where the disk fails, or is full.
#include <array>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "tests/faults/dying_child.h"
#include "tests/faults/failing_disk.h"
#include "tests/support/asked_store.h"
#include "tests/support/disk_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::testing;
using transfer::DiskBlobStore;

namespace {

std::unique_ptr<DiskBlobStore> open_in(TempFolder const& folder) {
    static FakeClock const clock;
    return DiskBlobStore::open(options_in(folder / "store"), clock).value();
}

std::filesystem::path file_of(TempFolder const& folder, SampleBlob const& blob) {
    auto const hex = blob.id().to_hex();
    return folder / "store" / "blobs" / hex.substr(0, 2) / hex;
}

/// Held for two, and spoiled in the middle.
void put_damaged(TempFolder const& folder, SampleBlob const& blob) {
    auto const store = open_in(folder);
    auto const upload = begin(*store, blob);
    REQUIRE(upload->write(blob.view()));
    REQUIRE(upload->finish(sample_holding(1)));
    REQUIRE(store->hold(blob.id(), sample_holding(2, "carol@c.test")));
    auto const file = open_file(file_of(folder, blob).string(), O_RDWR).value();
    std::uint64_t const at = blob.size() / 2;
    REQUIRE(write_all_at(file.get(), Bytes{Byte(blob.bytes[at] ^ 1U)}, at));
}

bool replace(DiskBlobStore& store, SampleBlob const& blob, std::function<void(char)> const& tell) {
    if (!store.set_aside(blob.id())) return false;
    tell('a');
    auto const upload = store.receive(blob.id(), blob.size(), "dave@d.test");
    if (!upload || !(*upload)->set_layer(blob.tree.layer)) return false;
    if (!(*upload)->write(blob.from((*upload)->offset()))) return false;
    tell('w');
    if (!(*upload)->finish(sample_holding(2, "dave@d.test"))) return false;
    tell('f');
    return true;
}

}  // namespace

TEST_CASE("faults: kill -9 between any two writes of what replaces a damaged blob") {
    for (std::uint64_t const size : {std::uint64_t{1'000}, std::uint64_t{600'000}}) {
        CAPTURE(size);
        auto const blob = sample_blob(size);
        auto const deaths = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
            put_damaged(folder, blob);
            auto const last = run_and_die(n, [&](auto const& tell) {
                auto const store = open_in(folder);
                return replace(*store, blob, tell);
            });
            CAPTURE(last.told);
            auto const store = open_in(folder);
            CHECK(store->opening().lost.empty());
            // Whom it is for is known in any case.
            auto const all = store->list().value();
            REQUIRE(all.size() == 1);
            REQUIRE(all.front().holdings.size() == 2);
            CHECK(all.front().holdings.back().sender == "carol@c.test");
            bool const whole = *store->is_whole(blob.id());
            if (last.told == "awf") CHECK(whole);
            // Once it is known to be damaged, nobody gets it so.
            if (!last.told.empty()) CHECK(store->open(blob.id()).has_value() == whole);
            if (!whole) REQUIRE(replace(*store, blob, [](char) {}));
            check_whole(*store, blob);
            CHECK(store->list()->front().holdings.size() == 2);
            return last.died;
        });
        MESSAGE("survived " << deaths << " deaths");
        CHECK(deaths > 10);
    }
}

TEST_CASE("faults: a small blob outlives kill -9 at any write, and a power cut before its sync") {
    auto const blob = sample_blob(1'000);
    for (bool const settles : {false, true}) {
        CAPTURE(settles);
        auto const deaths = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
            auto const last = run_and_die(n, [&](auto const& tell) {
                auto const store = open_in(folder);
                if (!store->take(blob.id(), blob.view(), sample_holding(1))) return false;
                tell('t');
                return !settles || store->settle().has_value();
            });
            CAPTURE(last.told);
            // Nothing but its index has been synced.
            if (!settles) std::filesystem::remove(file_of(folder, blob));
            auto const store = open_in(folder);
            CHECK(store->opening().lost.empty());
            bool const held = store->find(blob.id())->has_value();
            if (!last.told.empty()) CHECK(held);
            if (held) check_whole(*store, blob);
            return last.died;
        });
        MESSAGE("survived " << deaths << " deaths");
        CHECK(deaths > 10);
    }
}

TEST_CASE("faults: a sync that failed once is not believed later, and holds up no other blob") {
    std::array const blobs{sample_blob(1'000, 1), sample_blob(1'000, 2), sample_blob(1'000, 3)};
    TempFolder const folder;
    {
        auto const store = open_in(folder);
        for (auto const& blob : blobs)
            REQUIRE(store->take(blob.id(), blob.view(), sample_holding(1)));
        FailingDisk::fail_sync_at(1);
        auto const settled = store->settle();
        FailingDisk::mend();
        REQUIRE_FALSE(settled);
        CHECK(settled.error().fault == Fault::io);
        CHECK(store->settle());
    }
    // What was not synced is gone; to know the others by, so are they.
    for (auto const& blob : blobs)
        std::filesystem::remove(file_of(folder, blob));
    auto const store = open_in(folder);
    CHECK(store->opening().lost.size() == 2);
    auto const left = store->list().value();
    REQUIRE(left.size() == 1);
    CHECK(*store->is_whole(left.front().id));
}

TEST_CASE("faults: a disk that is full at opening takes no small blob") {
    auto const blob = sample_blob(1'000);
    for (std::string const file : {"missing", "cut", "other bytes", "right"}) {
        CAPTURE(file);
        std::uint64_t unwritten = 0;
        std::uint64_t opened = 0;
        for (std::uint64_t n = 1; n <= 40; ++n) {
            CAPTURE(n);
            TempFolder const folder;
            REQUIRE(open_in(folder)->take(blob.id(), blob.view(), sample_holding(1)));
            auto const path = file_of(folder, blob);
            if (file == "missing") std::filesystem::remove(path);
            if (file == "cut") std::filesystem::resize_file(path, 10);
            if (file == "other bytes") {
                std::filesystem::resize_file(path, 10);
                std::filesystem::resize_file(path, blob.size());
            }
            FailingDisk::fill_up_at(n);
            FakeClock const clock;
            auto store = DiskBlobStore::open(options_in(folder / "store"), clock);
            if (store) {
                ++opened;
                CHECK((*store)->opening().lost.empty());
                auto const there = (*store)->open(blob.id());
                if (!there) {
                    ++unwritten;
                    CHECK(there.error().fault == Fault::no_space);
                    CHECK_FALSE((*store)->is_whole(blob.id()));
                } else {
                    CHECK(*(*store)->is_whole(blob.id()));
                }
            }
            FailingDisk::mend();
            if (!store) store = DiskBlobStore::open(options_in(folder / "store"), clock);
            REQUIRE(store);
            // Room has come.
            check_whole(**store, blob);
            CHECK((*store)->settle());
        }
        MESSAGE("opened " << opened << " times, " << unwritten << " times without the file");
        CHECK(opened > 0);
        CHECK((unwritten > 0) == (file != "right"));
    }
}
