#include "transfer/disk_blob_store.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/atomic_file.h"
#include "tests/contract/blob_store_contract.h"
#include "tests/support/disk_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sample_blob.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::transfer;
using satchel::testing::check_whole;
using satchel::testing::FakeClock;
using satchel::testing::options_in;
using satchel::testing::sample_blob;
using satchel::testing::sample_holding;
using satchel::testing::SampleBlob;
using satchel::testing::TempFolder;

namespace {

constexpr std::uint64_t piece = 256 * 1024;

std::unique_ptr<DiskBlobStore> open_store(TempFolder const& folder, Clock const& clock) {
    auto store = DiskBlobStore::open(options_in(folder / "store"), clock);
    REQUIRE(store);
    return std::move(*store);
}

void put(BlobStore& store, SampleBlob const& blob) {
    auto const upload = store.receive(blob.id(), blob.size(), "alice@a.test");
    REQUIRE(upload);
    REQUIRE((*upload)->set_layer(blob.tree.layer));
    REQUIRE((*upload)->write(blob.view()));
    REQUIRE((*upload)->finish(sample_holding(1)));
}

/// Leaves so many bytes of a blob, verified.
void put_part(BlobStore& store, SampleBlob const& blob, std::uint64_t bytes) {
    auto const upload = store.receive(blob.id(), blob.size(), "alice@a.test");
    REQUIRE(upload);
    REQUIRE((*upload)->set_layer(blob.tree.layer));
    REQUIRE((*upload)->write(blob.view().first(bytes)));
}

std::filesystem::path blob_path(TempFolder const& folder, ContentId const& id) {
    return folder / "store" / "blobs" / id.to_hex().substr(0, 2) / id.to_hex();
}

std::filesystem::path partial_path(TempFolder const& folder, ContentId const& id) {
    return folder / "store" / "partial" / id.to_hex();
}

/// Runs `work` in a child that is killed with SIGKILL once it reports.
void run_and_kill(std::function<void(std::function<void()> report)> const& work) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    UniqueFd const from(ends[0]);
    UniqueFd to(ends[1]);
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        work([&] { static_cast<void>(::write(to.get(), "x", 1)); });
        for (;;)
            ::pause();
    }
    to = UniqueFd();
    char reported = 0;
    REQUIRE(::read(from.get(), &reported, 1) == 1);
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("disk blob store: keeps the contract") {
    FakeClock const clock;
    std::unique_ptr<TempFolder> folder;
    testing::check_blob_store_contract([&](StoreQuota quota) -> std::unique_ptr<BlobStore> {
        folder = std::make_unique<TempFolder>();
        auto options = options_in(*folder / "store");
        options.quota = quota;
        auto store = DiskBlobStore::open(options, clock);
        REQUIRE(store);
        return std::move(*store);
    });
}

TEST_CASE("disk blob store: all is there after reopening") {
    TempFolder const folder;
    FakeClock const clock;
    auto const held = sample_blob(3 * piece, 1);
    auto const broken_off = sample_blob(3 * piece, 2);
    {
        auto const store = open_store(folder, clock);
        CHECK(store->opening().clean());
        put(*store, held);
        put_part(*store, broken_off, 2 * piece + 5);
    }
    auto const store = open_store(folder, clock);
    CHECK(store->opening().clean());
    check_whole(*store, held);
    auto const found = store->find(held.id());
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->holdings.front().sender == "alice@a.test");
    CHECK(store->received_so_far(broken_off.id()) == 2 * piece);
    auto const upload = store->receive(broken_off.id(), broken_off.size(), "alice@a.test");
    REQUIRE(upload);
    CHECK((*upload)->offset() == 2 * piece);
    REQUIRE((*upload)->write(broken_off.from(2 * piece)));
    REQUIRE((*upload)->finish(sample_holding(1)));
    check_whole(*store, broken_off);
}

TEST_CASE("disk blob store: no blob waits for its folder to be made, and none needs it made") {
    FakeClock const clock;
    TempFolder const folder;
    auto const blob = sample_blob(1'000);
    auto const store = open_store(folder, clock);
    CHECK(std::filesystem::remove(blob_path(folder, blob.id()).parent_path()));
    put(*store, blob);
    CHECK(std::filesystem::exists(blob_path(folder, blob.id())));
}

TEST_CASE("disk blob store: one process at a time") {
    TempFolder const folder;
    FakeClock const clock;
    auto const store = open_store(folder, clock);
    auto const second = DiskBlobStore::open(options_in(folder / "store"), clock);
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::unavailable);
}

TEST_CASE("disk blob store: killed in mid upload, it goes on from the last verified piece") {
    TempFolder const folder;
    FakeClock const clock;
    auto const blob = sample_blob(8 * piece + 99, 3);
    std::uint64_t came = 0;
    for (int kill = 0; kill < 3; ++kill) {
        CAPTURE(kill);
        run_and_kill([&](std::function<void()> const& report) {
            auto store = DiskBlobStore::open(options_in(folder / "store"), clock);
            if (!store) return;
            auto upload = (*store)->receive(blob.id(), blob.size(), "alice@a.test");
            if (!upload || (*upload)->offset() != came) return;
            if (!(*upload)->set_layer(blob.tree.layer)) return;
            if (!(*upload)->write(blob.from(came).first(2 * piece + 1'000))) return;
            report();
            for (;;)
                ::pause();
        });
        came += 2 * piece;
    }
    auto const store = open_store(folder, clock);
    CHECK(store->received_so_far(blob.id()) == came);
    CHECK_FALSE(*store->find(blob.id()));
    auto const upload = store->receive(blob.id(), blob.size(), "alice@a.test");
    REQUIRE(upload);
    CHECK((*upload)->offset() == came);
    REQUIRE((*upload)->write(blob.from(came)));
    REQUIRE((*upload)->finish(sample_holding(1)));
    check_whole(*store, blob);
}

TEST_CASE("disk blob store: killed without a layer, nothing half-written stays") {
    TempFolder const folder;
    FakeClock const clock;
    auto const blob = sample_blob(3 * piece, 4);
    run_and_kill([&](std::function<void()> const& report) {
        auto store = DiskBlobStore::open(options_in(folder / "store"), clock);
        if (!store) return;
        auto upload = (*store)->receive(blob.id(), blob.size(), "alice@a.test");
        if (!upload || !(*upload)->write(blob.view().first(2 * piece))) return;
        report();
        for (;;)
            ::pause();
    });
    CHECK(std::filesystem::exists(partial_path(folder, blob.id())));
    auto const store = open_store(folder, clock);
    CHECK(store->opening().stray.size() == 1);
    CHECK_FALSE(std::filesystem::exists(partial_path(folder, blob.id())));
    CHECK(store->received_so_far(blob.id()) == 0);
}

TEST_CASE("disk blob store: a draft outlives kill -9, and goes on under its name") {
    TempFolder const folder;
    FakeClock clock;
    auto const blob = sample_blob(8 * piece + 99, 3);
    auto const stand_in = sample_blob(100, 4).id();
    run_and_kill([&](std::function<void()> const& report) {
        auto store = DiskBlobStore::open(options_in(folder / "store"), clock);
        if (!store) return;
        auto draft = (*store)->receive_draft(stand_in, blob.size(), "alice@a.test");
        if (!draft || !(*draft)->write(blob.view().first(3 * piece + 1'000))) return;
        report();
        for (;;)
            ::pause();
    });
    SUBCASE("for a while") {
        auto const store = open_store(folder, clock);
        CHECK(store->opening().clean());
        REQUIRE(store->name_draft(stand_in, blob.id(), blob.size()));
        auto const upload = store->receive(blob.id(), blob.size(), "alice@a.test");
        REQUIRE(upload);
        CHECK((*upload)->offset() == 3 * piece);
        REQUIRE((*upload)->write(blob.from(3 * piece)));
        REQUIRE((*upload)->finish(sample_holding(1)));
        check_whole(*store, blob);
    }
    SUBCASE("not for long") {
        clock.advance(std::chrono::hours(3));
        auto const store = open_store(folder, clock);
        CHECK(store->opening().stale_partials == 1);
        auto const named = store->name_draft(stand_in, blob.id(), blob.size());
        REQUIRE_FALSE(named);
        CHECK(named.error().fault == Fault::not_found);
    }
}

TEST_CASE("disk blob store: killed right after finish, it is held") {
    TempFolder const folder;
    FakeClock const clock;
    auto const blob = sample_blob(2 * piece, 5);
    run_and_kill([&](std::function<void()> const& report) {
        auto store = DiskBlobStore::open(options_in(folder / "store"), clock);
        if (!store) return;
        put(**store, blob);
        report();
        for (;;)
            ::pause();
    });
    auto const store = open_store(folder, clock);
    CHECK(store->opening().clean());
    check_whole(*store, blob);
}

TEST_CASE("disk blob store: a crash between file and index costs no verified byte") {
    TempFolder const folder;
    FakeClock const clock;
    auto const blob = sample_blob(2 * piece, 6);
    {
        auto const store = open_store(folder, clock);
        put_part(*store, blob, blob.size());
    }
    // As finish() does first.
    std::filesystem::create_directories(blob_path(folder, blob.id()).parent_path());
    std::filesystem::rename(partial_path(folder, blob.id()), blob_path(folder, blob.id()));
    auto const store = open_store(folder, clock);
    CHECK(store->opening().clean());
    CHECK_FALSE(*store->find(blob.id()));
    CHECK(store->received_so_far(blob.id()) == blob.size());
    auto const upload = store->receive(blob.id(), blob.size(), "alice@a.test");
    REQUIRE(upload);
    REQUIRE((*upload)->finish(sample_holding(1)));
    check_whole(*store, blob);
}

TEST_CASE("disk blob store: opening tells what is lost, and removes what nothing speaks for") {
    TempFolder const folder;
    FakeClock const clock;
    auto const kept = sample_blob(1'000, 7);
    auto const gone = sample_blob(1'000, 8);
    auto const cut = sample_blob(1'000, 9);
    auto const unknown = sample_blob(1'000, 10);
    {
        auto const store = open_store(folder, clock);
        for (auto const* blob : {&kept, &gone, &cut})
            put(*store, *blob);
    }
    std::filesystem::remove(blob_path(folder, gone.id()));
    std::filesystem::resize_file(blob_path(folder, cut.id()), 999);
    std::filesystem::create_directories(blob_path(folder, unknown.id()).parent_path());
    REQUIRE(write_atomically(blob_path(folder, unknown.id()), unknown.bytes));
    REQUIRE(write_atomically(folder / "store" / "partial" / "junk", unknown.bytes));
    REQUIRE(write_atomically(folder / "store" / "outbox" / "left", unknown.bytes));

    auto const store = open_store(folder, clock);
    CHECK(store->opening().lost.size() == 2);
    CHECK(store->opening().stray.size() == 2);
    check_whole(*store, kept);
    for (auto const* blob : {&gone, &cut, &unknown}) {
        CHECK_FALSE(*store->find(blob->id()));
        CHECK_FALSE(std::filesystem::exists(blob_path(folder, blob->id())));
    }
    CHECK(std::filesystem::is_empty(store->outbox()));
    put(*store, gone);
}

TEST_CASE("disk blob store: bytes of a partial that changed on the disk come again") {
    TempFolder const folder;
    FakeClock const clock;
    auto const blob = sample_blob(4 * piece, 11);
    {
        auto const store = open_store(folder, clock);
        put_part(*store, blob, 3 * piece);
    }
    {
        auto const fd = open_file(partial_path(folder, blob.id()).string(), O_RDWR);
        REQUIRE(fd);
        REQUIRE(write_all_at(fd->get(), Bytes(10), piece + 100));
        // And a piece that the end of the process cut.
        REQUIRE(write_all_at(fd->get(), Bytes(1'000), 3 * piece));
    }
    auto const store = open_store(folder, clock);
    CHECK(std::filesystem::file_size(partial_path(folder, blob.id())) == 3 * piece);
    auto const upload = store->receive(blob.id(), blob.size(), "alice@a.test");
    REQUIRE(upload);
    CHECK((*upload)->offset() == piece);
    CHECK(store->received_so_far(blob.id()) == piece);
    REQUIRE((*upload)->write(blob.from(piece)));
    REQUIRE((*upload)->finish(sample_holding(1)));
    check_whole(*store, blob);
}

TEST_CASE("disk blob store: what the disk has damaged is known, and can come again") {
    FakeClock const clock;
    for (std::uint64_t const size : {std::uint64_t{1'000}, 4 * piece - 7}) {
        for (std::uint64_t const at : {std::uint64_t{0}, size / 2, size - 1, size}) {
            CAPTURE(size);
            CAPTURE(at);
            TempFolder const folder;
            auto const store = open_store(folder, clock);
            auto const blob = sample_blob(size, 14);
            CHECK_FALSE(store->is_whole(blob.id()));
            put(*store, blob);
            CHECK(*store->is_whole(blob.id()));
            auto const path = blob_path(folder, blob.id());
            if (at == size) {
                std::filesystem::remove(path);
            } else {
                auto const fd = open_file(path.string(), O_RDWR);
                REQUIRE(write_all_at(fd->get(), Bytes{Byte(blob.bytes[at] ^ 1U)}, at));
            }
            CHECK_FALSE(*store->is_whole(blob.id()));
            CHECK(*store->set_aside(blob.id()));
            CHECK_FALSE(store->find(blob.id())->has_value());
            CHECK_FALSE(*store->is_whole(blob.id()));
            {
                auto const upload = store->receive(blob.id(), size, "alice@a.test");
                REQUIRE(upload);
                std::uint64_t const good = at == size || size < piece ? 0 : at - at % piece;
                CHECK((*upload)->offset() == good);
                REQUIRE((*upload)->set_layer(blob.tree.layer));
                REQUIRE((*upload)->write(blob.from(good)));
                REQUIRE((*upload)->finish(sample_holding(1)));
            }
            check_whole(*store, blob);
            CHECK(*store->is_whole(blob.id()));
        }
    }
}

TEST_CASE("disk blob store: a damaged blob that nobody holds any more leaves no file") {
    TempFolder const folder;
    FakeClock const clock;
    auto const store = open_store(folder, clock);
    auto const blob = sample_blob(4 * piece, 15);
    put(*store, blob);
    CHECK(*store->set_aside(blob.id()));
    CHECK(std::filesystem::exists(partial_path(folder, blob.id())));
    CHECK(*store->release(blob.id(), sample_holding(1).recipient));
    CHECK_FALSE(std::filesystem::exists(partial_path(folder, blob.id())));
}

TEST_CASE("disk blob store: partials that nobody goes on with are cleaned up") {
    TempFolder const folder;
    FakeClock clock;
    auto const old = sample_blob(2 * piece, 12);
    {
        auto const store = open_store(folder, clock);
        put_part(*store, old, piece);
    }
    clock.advance(std::chrono::hours(24 * 3) + std::chrono::seconds(1));
    {
        auto const store = open_store(folder, clock);
        CHECK(store->opening().stale_partials == 1);
        CHECK(store->received_so_far(old.id()) == 0);
        CHECK_FALSE(std::filesystem::exists(partial_path(folder, old.id())));
    }

    SUBCASE("also while open, where room is needed") {
        auto options = options_in(folder / "other");
        options.quota.total_bytes = 3 * piece;
        auto const store = DiskBlobStore::open(options, clock);
        REQUIRE(store);
        put_part(**store, old, piece);
        auto const fresh = sample_blob(3 * piece, 13);
        CHECK_FALSE((*store)->receive(fresh.id(), fresh.size(), ""));
        clock.advance(std::chrono::hours(24 * 3) + std::chrono::seconds(1));
        CHECK((*store)->receive(fresh.id(), fresh.size(), ""));
    }
}
