#include "transfer/blob_windows.h"

#include <doctest/doctest.h>

#include "tests/support/memory_blob_store.h"
#include "tests/support/sample_blob.h"

using namespace satchel;
using namespace satchel::testing;
using namespace satchel::transfer;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t window = 2 * mib;

/// A blob of several windows on its way into a store, and its sources.
struct Arrival {
    explicit Arrival(std::uint64_t size, std::size_t sources)
        : blob(sample_blob(size)) {
        auto begun = store.receive(blob.id(), size, "alice@a.test");
        REQUIRE(begun);
        upload = std::move(*begun);
        REQUIRE(upload->set_layer(blob.tree.layer));
        windows = std::make_shared<BlobWindows>(upload, size, sources);
    }

    std::optional<BlobWindows::Window> claim(std::size_t source) {
        return windows->claim(source, now);
    }

    /// Brings so much of it, or all.
    Status bring(BlobWindows::Window const& part, std::uint64_t most = ~std::uint64_t{0}) {
        auto const from = part.into->offset();
        auto const bytes = std::min(most, part.end - from);
        return part.into->write(blob.from(from).first(bytes));
    }

    Status bring_wrong(BlobWindows::Window const& part, std::uint64_t most = ~std::uint64_t{0}) {
        return part.into->write(Bytes(std::min(most, part.end - part.into->offset()), 0x5a));
    }

    void bring_all(std::size_t source) {
        while (auto part = claim(source))
            CHECK(bring(*part));
    }

    void check_whole() {
        CHECK(windows->is_complete());
        CHECK(upload->finish(sample_holding(1)));
    }

    MemoryBlobStore store{StoreQuota{1'000'000'000, 1'000'000'000}};
    SampleBlob blob;
    std::shared_ptr<BlobUpload> upload;
    std::shared_ptr<BlobWindows> windows;
    BlobWindows::Time now = std::chrono::steady_clock::now();
};

/// Of whatever comes, nothing finds room.
class FullDisk final : public BlobUpload {
public:
    std::uint64_t offset() const override { return 0; }

    Status set_layer(ByteSpan) override { return {}; }

    Status write(ByteSpan) override { return fail(Fault::no_space, "the disk is full"); }

    Status read(std::uint64_t, std::span<Byte>) const override { return {}; }

    Status sync() override { return {}; }

    Status take_name(ContentId const&) override { return {}; }

    Status finish(Holding const&) override { return {}; }
};

}  // namespace

TEST_CASE("blob_windows: a full disk is what all are told, and nobody begins anew") {
    Arrival const arrival(3 * window, 2);
    auto const windows = std::make_shared<BlobWindows>(std::make_shared<FullDisk>(),
                                                       arrival.blob.size(), std::size_t{2});
    auto const front = windows->claim(0, arrival.now);
    auto const second = windows->claim(1, arrival.now);
    REQUIRE(second);
    CHECK(front->into->write(arrival.blob.view().first(window)).error().fault == Fault::no_space);
    CHECK(second->into->write(arrival.blob.from(window).first(mib)).error().fault ==
          Fault::no_space);
    for (std::size_t source = 0; source < 2; ++source) {
        CHECK_FALSE(windows->is_to_begin_anew(source));
        CHECK(windows->is_over_for(source));
    }
}

TEST_CASE("blob_windows: two sources, in whatever order they come") {
    Arrival arrival(5 * window - 1000, 2);
    auto first = arrival.claim(0);
    auto second = arrival.claim(1);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->into->offset() == 0);
    CHECK(second->into->offset() == window);
    CHECK_FALSE(arrival.claim(1));  // no more ahead than that
    CHECK(arrival.bring(*second, 700'000));
    CHECK(arrival.windows->offset() == 0);
    CHECK(arrival.bring(*first));
    CHECK(arrival.windows->offset() == window + 700'000);
    CHECK(arrival.bring(*second));
    CHECK(arrival.windows->offset() == 2 * window);
    for (std::size_t source = 0; auto part = arrival.claim(source); source = 1 - source)
        CHECK(arrival.bring(*part));
    arrival.check_whole();
    CHECK(arrival.windows->is_over_for(0));
}

TEST_CASE("blob_windows: a source that breaks off leaves the rest to the other") {
    Arrival arrival(2 * window, 2);
    auto const first = arrival.claim(0);
    auto const second = arrival.claim(1);
    CHECK(arrival.bring(*second, 300'000));
    arrival.windows->give_back(1);
    CHECK(arrival.bring(*first));
    auto const rest = arrival.claim(0);
    REQUIRE(rest);
    CHECK(rest->into->offset() == window + 300'000);
    CHECK(arrival.bring(*rest));
    arrival.check_whole();
}

TEST_CASE("blob_windows: whoever is silent is replaced, and hears of it") {
    Arrival arrival(2 * window, 2);
    auto const first = arrival.claim(0);
    auto const second = arrival.claim(1);
    CHECK(arrival.bring(*second));
    CHECK_FALSE(arrival.claim(1));
    // What it is about to send counts from the claim on.
    arrival.now += 2s;
    CHECK_FALSE(arrival.claim(0));
    auto const instead = arrival.claim(1);
    REQUIRE(instead);
    CHECK(instead->into->offset() == 0);
    CHECK(arrival.bring(*first, 100).error().fault == Fault::unavailable);
    CHECK(arrival.bring(*instead));
    arrival.check_whole();
}

TEST_CASE("blob_windows: a wrong piece is known for whose it is, and asked of another") {
    Arrival arrival(3 * window, 2);
    auto const first = arrival.claim(0);
    auto const second = arrival.claim(1);
    std::size_t liar = 0;
    SUBCASE("it comes in its turn") {
        CHECK(arrival.bring_wrong(*first).error().fault == Fault::corrupt);
        CHECK(arrival.bring(*second));
    }
    SUBCASE("it comes ahead") {
        CHECK(arrival.bring_wrong(*second));
        CHECK(arrival.bring(*first));
        liar = 1;
    }
    CHECK(arrival.windows->is_over_for(liar));
    CHECK_FALSE(arrival.claim(liar));
    CHECK_FALSE(arrival.windows->is_over_for(1 - liar));
    arrival.bring_all(1 - liar);
    arrival.check_whole();
}

TEST_CASE("blob_windows: of a wrong piece of two sources neither is blamed") {
    Arrival arrival(4 * window, 3);
    auto const first = arrival.claim(0);
    auto const second = arrival.claim(1);
    std::uint64_t const half = piece_length_for(arrival.blob.size()) / 2;
    std::uint64_t wanted_again = 0;
    bool right_at_last = true;
    SUBCASE("it comes in its turn") {}
    SUBCASE("wrong once more: now it is plain whose it is") {
        right_at_last = false;
    }
    SUBCASE("it comes ahead, and whoever brings the rest is in the middle of it") {
        wanted_again = window;
    }
    bool const ahead = wanted_again > 0;
    std::size_t const leaves = ahead ? 1 : 0;
    CHECK(arrival.bring_wrong(ahead ? *second : *first, half).has_value());
    arrival.windows->give_back(leaves);
    auto const rest = arrival.claim(2);
    REQUIRE(rest);
    CHECK(rest->into->offset() == wanted_again + half);
    CHECK(arrival.bring(*rest, half).has_value() == ahead);
    CHECK(arrival.bring(ahead ? *first : *second));
    if (ahead) CHECK(arrival.bring(*rest, half).error().fault == Fault::unavailable);

    for (std::size_t source = 0; source < 3; ++source) {
        CAPTURE(source);
        CHECK(arrival.windows->is_to_begin_anew(source) == (source == 2));
        CHECK_FALSE(arrival.windows->is_over_for(source));
    }
    arrival.windows->give_back(2);
    auto const whole = arrival.claim(2);
    REQUIRE(whole);
    CHECK(whole->into->offset() == wanted_again);
    CHECK_FALSE(arrival.windows->is_to_begin_anew(2));
    if (right_at_last) {
        CHECK(arrival.bring(*whole));
    } else {
        CHECK(arrival.bring_wrong(*whole).error().fault == Fault::corrupt);
        CHECK_FALSE(arrival.windows->is_to_begin_anew(2));
    }
    CHECK(arrival.windows->is_over_for(2) != right_at_last);
    arrival.bring_all(1);
    arrival.check_whole();
}

TEST_CASE("blob_windows: who has brought a wrong piece whole is blamed, though another goes on") {
    Arrival arrival(3 * window, 3);
    auto const first = arrival.claim(0);
    auto const second = arrival.claim(1);
    std::uint64_t const piece = piece_length_for(arrival.blob.size());
    CHECK(arrival.bring_wrong(*second, piece));
    arrival.windows->give_back(1);
    auto const rest = arrival.claim(2);
    REQUIRE(rest);
    CHECK(arrival.bring(*rest));
    CHECK(arrival.bring(*first));
    CHECK(arrival.windows->offset() == window);
    CHECK(arrival.windows->is_over_for(1));
    CHECK_FALSE(arrival.windows->is_over_for(2));
    arrival.bring_all(2);
    arrival.check_whole();
}

TEST_CASE("blob_windows: no source sends beyond its window") {
    Arrival arrival(2 * window, 2);
    auto const first = arrival.claim(0);
    CHECK(first->into->write(arrival.blob.view().first(window + 1)).error().fault ==
          Fault::corrupt);
    CHECK(arrival.windows->offset() == 0);
    CHECK(arrival.bring(*first));
}

TEST_CASE("blob_windows: goes on in the middle") {
    Arrival arrival(2 * window, 1);
    REQUIRE(arrival.upload->write(arrival.blob.view().first(mib)));
    auto const windows =
        std::make_shared<BlobWindows>(arrival.upload, arrival.blob.size(), std::size_t{1});
    auto const part = windows->claim(0, arrival.now);
    REQUIRE(part);
    CHECK(part->into->offset() == mib);
    CHECK(part->end == window);
}
