// Crashes between any two writes of a blob store: as a damaged blob comes anew, and a small one at
// once.
#include <doctest/doctest.h>
#include <fcntl.h>

#include "tests/faults/dying_child.h"
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

/// Held for two, and spoiled in the middle.
void put_damaged(TempFolder const& folder, SampleBlob const& blob) {
    auto const store = open_in(folder);
    auto const upload = begin(*store, blob);
    REQUIRE(upload->write(blob.view()));
    REQUIRE(upload->finish(sample_holding(1)));
    REQUIRE(store->hold(blob.id(), sample_holding(2, "carol@c.test")));
    auto const hex = blob.id().to_hex();
    auto const path = folder / "store" / "blobs" / hex.substr(0, 2) / hex;
    auto const file = open_file(path.string(), O_RDWR).value();
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
    auto const hex = blob.id().to_hex();
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
            if (!settles)
                std::filesystem::remove(folder / "store" / "blobs" / hex.substr(0, 2) / hex);
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
