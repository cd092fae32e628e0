// The disk store where room runs out.
#include <fcntl.h>
#include <sys/mount.h>

#include "src/base/unique_fd.h"
#include "tests/support/disk_store.h"
#include "tests/support/fake_clock.h"
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

/// A file system of 4 MiB, if this process may have one.
class SmallDisk {
public:
    explicit SmallDisk(std::filesystem::path path)
        : path_(std::move(path)) {
        std::filesystem::create_directory(path_);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=4m") == 0;
    }

    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;

    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }

    bool mounted() const { return mounted_; }

    void fill() const {
        Bytes const zeros(64 * 1024);
        auto const fd = open_file((path_ / "filler").string(), O_WRONLY | O_CREAT | O_APPEND);
        REQUIRE(fd);
        while (write_all(fd->get(), zeros)) {
        }
    }

    void make_room() const { std::filesystem::remove(path_ / "filler"); }

private:
    std::filesystem::path path_;
    bool mounted_ = false;
};

}  // namespace

TEST_CASE("disk blob store: a full disk is told before the first byte, with a margin left") {
    TempFolder const folder;
    FakeClock const clock;
    auto options = options_in(folder / "store");
    options.disk_margin_bytes = ~std::uint64_t{0};
    auto const store = DiskBlobStore::open(options, clock);
    REQUIRE(store);
    auto const blob = sample_blob(1'000, 14);
    auto const upload = (*store)->receive(blob.id(), blob.size(), "alice@a.test");
    REQUIRE_FALSE(upload);
    CHECK(upload.error().fault == Fault::no_space);
    CHECK(upload.error().what.find("disk") != std::string::npos);
    CHECK((*store)->usage()->reserved_bytes == 0);
}

TEST_CASE("disk blob store: on a disk that is really full") {
    TempFolder const folder;
    FakeClock const clock;
    SmallDisk const disk(folder / "disk");
    if (!disk.mounted()) {
        MESSAGE("not run: no right to mount a small file system");
        return;
    }
    auto const opened = DiskBlobStore::open(options_in(folder / "disk/store"), clock);
    REQUIRE(opened);
    auto& store = **opened;
    auto const partial_folder = folder / "disk/store/partial";
    auto const refusal = [&](SampleBlob const& blob) {
        auto const refused = store.receive(blob.id(), blob.size(), "");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::no_space);
        CHECK(std::filesystem::is_empty(partial_folder) == !store.usage()->reserved_bytes);
    };
    auto const blob = sample_blob(2 * 1024 * 1024, 16);

    SUBCASE("more than the disk is refused") {
        refusal(sample_blob(5 * 1024 * 1024, 15));
    }

    SUBCASE("the room of an upload is set aside") {
        auto upload = store.receive(blob.id(), blob.size(), "");
        REQUIRE(upload);
        REQUIRE((*upload)->set_layer(blob.tree.layer));
        refusal(sample_blob(2 * 1024 * 1024, 17));
        disk.fill();
        REQUIRE((*upload)->write(blob.view()));
        // The index needs a page or two of its own.
        auto const finished = (*upload)->finish(sample_holding(1));
        CHECK((finished || finished.error().fault == Fault::no_space));
        CHECK(store.find(blob.id())->has_value() == finished.has_value());
        disk.make_room();
        if (!finished) REQUIRE((*upload)->finish(sample_holding(1)));
        check_whole(store, blob);
    }

    SUBCASE("a broken upload keeps the room of what it verified, no more") {
        auto upload = store.receive(blob.id(), blob.size(), "");
        REQUIRE(upload);
        REQUIRE((*upload)->set_layer(blob.tree.layer));
        REQUIRE((*upload)->write(blob.view().first(300 * 1024)));
        upload->reset();
        auto const other = sample_blob(3 * 1024 * 1024, 18);
        CHECK(store.receive(other.id(), other.size(), ""));
    }

    SUBCASE("an upload given up gives its room back") {
        auto upload = store.receive(blob.id(), blob.size(), "");
        REQUIRE(upload);
        disk.fill();
        upload->reset();
        CHECK(std::filesystem::is_empty(partial_folder));
        auto const after = store.receive(blob.id(), blob.size(), "");
        CHECK(after);
    }
}
