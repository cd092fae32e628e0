#include "src/node/begun_blobs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t large = 5 * 1024 * 1024;

/// A home that makes blobs, and may be started anew.
struct Home {
    Home() {
        identities.push_back(AgeIdentity::generate(chance));
        clock.set(SystemClock().unix_seconds());
    }

    BegunBlobs start() { return BegunBlobs({folder / "begun", identities, clock, chance}); }

    transfer::OutgoingBlob make(std::uint64_t bytes) {
        auto left = bytes;
        auto blob = transfer::make_outgoing_blob(
            [&left](std::span<Byte> out) -> Result<std::size_t> {
                auto const n = std::min<std::uint64_t>(left, out.size());
                left -= n;
                return static_cast<std::size_t>(n);
            },
            {folder.path()}, chance);
        REQUIRE(blob);
        return std::move(*blob);
    }

    std::size_t files() const {
        auto const all = std::filesystem::directory_iterator(folder / "begun");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    std::filesystem::path file(ContentId const& id) const { return folder / "begun" / id.to_hex(); }

    TempFolder folder;
    SeededRandomness chance;
    FakeClock clock;
    std::vector<AgeIdentity> identities;
};

constexpr Errand one{1};
constexpr Errand other{2};
constexpr OfferId draft{{7}};

}  // namespace

TEST_CASE("begun_blobs: an errand that was broken off is taken up with the same blob") {
    Home home;
    auto const blob = home.make(large);
    {
        auto begun = home.start();
        CHECK_FALSE(begun.take_up(one));
        begun.keep(one, blob, draft);
    }
    auto begun = home.start();
    CHECK_FALSE(begun.take_up(other));
    auto const unsent = home.make(large);
    begun.keep(other, unsent, draft);
    begun.forget_if_new(unsent.id);
    CHECK_FALSE(begun.take_up(other));
    auto const again = begun.take_up(one);
    REQUIRE(again);
    CHECK(again->offer == draft);
    CHECK(again->blob.id == blob.id);
    CHECK(again->blob.blob_bytes == blob.blob_bytes);
    CHECK(again->blob.layer == blob.layer);
    CHECK(std::ranges::equal(again->blob.key.view(), blob.key.view()));
    CHECK(again->blob.content_bytes == large);
    CHECK(again->blob.content_sha256 == blob.content_sha256);
    Bytes first(64);
    Bytes same(64);
    REQUIRE(read_at(blob.file->get(), first, large / 2));
    REQUIRE(read_at(again->blob.file->get(), same, large / 2));
    CHECK(first == same);
    begun.forget_if_new(blob.id);
    CHECK(begun.take_up(one));
    begun.forget(blob.id);
    CHECK_FALSE(begun.take_up(one));
    CHECK(home.files() == 0);
}

TEST_CASE("begun_blobs: what is damaged, foreign or old is not taken up, and goes") {
    Home home;
    auto const blob = home.make(large);
    auto const cut = [](std::filesystem::path const& file) {
        REQUIRE(::truncate(file.c_str(), 100) == 0);
    };
    home.start().keep(one, blob, draft);
    SUBCASE("a byte of the blob") {
        auto const file = open_file(home.file(blob.id).string(), O_WRONLY);
        REQUIRE(file);
        REQUIRE(write_all_at(file->get(), Bytes(1, 0x5a), large / 3));
    }
    SUBCASE("the blob is cut") {
        cut(home.file(blob.id));
    }
    SUBCASE("the job is cut") {
        cut(home.file(blob.id).string() + ".job");
    }
    SUBCASE("no job") {
        std::filesystem::remove(home.file(blob.id).string() + ".job");
    }
    SUBCASE("another home's") {
        home.identities.clear();
        home.identities.push_back(AgeIdentity::generate(home.chance));
    }
    SUBCASE("after its time") {
        home.clock.advance(std::chrono::seconds(BegunBlobs::lifetime_seconds + 10));
    }
    CHECK_FALSE(home.start().take_up(one));
}

TEST_CASE("begun_blobs: all together take no more than their room, but for the newest") {
    Home home;
    BegunBlobs begun({home.folder / "begun", home.identities, home.clock, home.chance, 3 * large});
    Errand errand{};
    for (Byte i = 0; i < 4; ++i) {
        errand[0] = i;
        begun.keep(errand, home.make(large), draft);
    }
    CHECK(home.files() == 2 * 2);  // what encryption adds to each makes three too many
    CHECK(begun.take_up(errand));
    begun.keep(one, home.make(4 * large), draft);
    CHECK(home.files() == 2);
    CHECK(begun.take_up(one));
}

TEST_CASE("begun_blobs: small blobs are not kept, and of large ones so many") {
    Home home;
    auto begun = home.start();
    begun.keep(one, home.make(100'000), draft);
    CHECK(home.files() == 0);
    Errand errand{};
    for (Byte i = 0; i <= BegunBlobs::kept_max; ++i) {
        errand[0] = i;
        auto const blob = home.make(large);
        begun.keep(errand, blob, draft);
        if (i > 0) continue;
        // The oldest, also where the clock of the disk is coarse.
        timespec const past[2] = {{1'000, 0}, {1'000, 0}};
        REQUIRE(::utimensat(AT_FDCWD, (home.file(blob.id).string() + ".job").c_str(), past, 0) ==
                0);
    }
    CHECK(home.files() == 2 * BegunBlobs::kept_max);
    CHECK_FALSE(begun.take_up(Errand{0}));
    CHECK(begun.take_up(errand));
    // A process that runs for long gives up what is too old as the next comes.
    home.clock.advance(std::chrono::seconds(BegunBlobs::lifetime_seconds + 10));
    begun.keep(one, home.make(large), draft);
    CHECK(home.files() == 2);
}
