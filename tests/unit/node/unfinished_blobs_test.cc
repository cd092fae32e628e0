#include "src/node/unfinished_blobs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/support/seeded_randomness.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

/// A home whose processes may be killed.
struct Home {
    Home() { identities.push_back(AgeIdentity::generate(chance)); }

    UnfinishedBlobs start() { return UnfinishedBlobs({at, identities, chance, boot}); }

    std::size_t files() const {
        auto const all = std::filesystem::directory_iterator(at);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    /// The only file of its kind.
    std::string file(std::string const& suffix) const {
        for (auto const& entry : std::filesystem::directory_iterator(at))
            if (entry.path().extension() == suffix) return entry.path().string();
        FAIL("no such file");
        return {};
    }

    TempFolder folder;
    std::filesystem::path at = folder / "unfinished";
    SeededRandomness chance;
    std::vector<AgeIdentity> identities;
    std::string boot = "first";
};

constexpr Errand one{1};
constexpr Errand other{2};
constexpr OfferId draft{{7}};
constexpr OfferId later{{8}};

void write_some(UnfinishedBlobs::Unfinished const& unfinished) {
    REQUIRE(unfinished.draft.journal->nonce({1, 2, 3}));
    REQUIRE(unfinished.draft.journal->note(Bytes(320, 'x')));
}

bool same_key(UnfinishedBlobs::Unfinished const& a, UnfinishedBlobs::Unfinished const& b) {
    return std::ranges::equal(a.draft.key.view(), b.draft.key.view());
}

/// What was noted for it before; else this is noted now.
std::array<Byte, 16> nonce_of(UnfinishedBlobs::Unfinished const& unfinished) {
    return unfinished.draft.journal->nonce({9}).value();
}

}  // namespace

TEST_CASE("unfinished blobs: the next process goes on with key, offer and journal, once") {
    Home home;
    auto const begun = home.start().begin(one, draft);
    REQUIRE(begun);
    CHECK(begun->offer == draft);
    write_some(*begun);
    auto second = home.start();
    auto const foreign = second.begin(other, later);
    REQUIRE(foreign);
    CHECK(nonce_of(*foreign) == std::array<Byte, 16>{9});
    auto const again = second.begin(one, later);
    REQUIRE(again);
    CHECK(same_key(*again, *begun));
    CHECK(again->offer == draft);
    CHECK(nonce_of(*again) == std::array<Byte, 16>{1, 2, 3});
    CHECK_FALSE(again->draft.journal->note(Bytes(320, 'y')));
    // Whoever has the same errand meanwhile makes a blob of their own.
    CHECK_FALSE(second.begin(one, later));
    second.forget(one);
    second.forget(other);
    CHECK(home.files() == 0);
    auto const anew = second.begin(one, later);
    REQUIRE(anew);
    CHECK_FALSE(same_key(*anew, *begun));
    CHECK(anew->offer == later);
}

TEST_CASE("unfinished blobs: what was broken off is gone on with by the same process, once") {
    Home home;
    auto blobs = home.start();
    auto const begun = blobs.begin(one, draft);
    REQUIRE(begun);
    write_some(*begun);
    blobs.leave(one);
    auto const again = blobs.begin(one, later);
    REQUIRE(again);
    CHECK(same_key(*again, *begun));
    CHECK(again->offer == draft);
    CHECK(nonce_of(*again) == std::array<Byte, 16>{1, 2, 3});
    CHECK_FALSE(blobs.begin(one, later));
    // The oldest give way.
    blobs.leave(one);
    for (std::uint8_t i = 0; i < UnfinishedBlobs::kept_max; ++i) {
        REQUIRE(blobs.begin(Errand{9, i}, later));
        blobs.leave(Errand{9, i});
    }
    CHECK(home.files() == 2 * UnfinishedBlobs::kept_max);
    auto const anew = blobs.begin(one, later);
    REQUIRE(anew);
    CHECK(anew->offer == later);
    // Who never was at it leaves nothing.
    blobs.leave(other);
    CHECK(blobs.begin(other, later)->offer == later);
}

TEST_CASE("unfinished blobs: what may have lost something is not gone on with, and goes") {
    Home home;
    auto const begun = home.start().begin(one, draft);
    REQUIRE(begun);
    write_some(*begun);
    SUBCASE("the machine was started anew") {
        home.boot = "second";
    }
    SUBCASE("nobody knows whether it was") {
        home.boot = "";
    }
    SUBCASE("the job is cut") {
        REQUIRE(::truncate(home.file(".job").c_str(), 100) == 0);
    }
    SUBCASE("no journal") {
        std::filesystem::remove(home.file(".journal"));
    }
    SUBCASE("no job") {
        std::filesystem::remove(home.file(".job"));
    }
    SUBCASE("another home's") {
        home.identities.clear();
        home.identities.push_back(AgeIdentity::generate(home.chance));
    }
    auto second = home.start();
    CHECK(home.files() == 0);
    auto const anew = second.begin(one, later);
    CHECK(anew.has_value() == !home.boot.empty());
    if (anew) CHECK_FALSE(same_key(*anew, *begun));
}

TEST_CASE("unfinished blobs: the newest few are kept") {
    Home home;
    {
        auto first = home.start();
        for (std::size_t i = 0; i < UnfinishedBlobs::kept_max + 2; ++i)
            REQUIRE(first.begin(Errand{static_cast<Byte>(i + 1)}, draft));
        CHECK(home.files() == 2 * (UnfinishedBlobs::kept_max + 2));
    }
    auto const second = home.start();
    CHECK(home.files() == 2 * UnfinishedBlobs::kept_max);
}
