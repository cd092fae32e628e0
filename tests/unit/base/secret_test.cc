#include "src/base/secret.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("secret: starts as zeros, holds what it was given") {
    Secret<32> const empty;
    CHECK(std::all_of(empty.view().begin(), empty.view().end(), [](Byte b) { return b == 0; }));

    std::array<Byte, 3> const bytes{1, 2, 3};
    Secret<3> const secret{std::span<Byte const, 3>(bytes)};
    CHECK(std::equal(bytes.begin(), bytes.end(), secret.view().begin()));
}

TEST_CASE("secret: of the wrong length is refused") {
    CHECK(Secret<3>::from(Bytes{1, 2, 3}));
    CHECK(Secret<3>::from(Bytes{1, 2}).error().fault == Fault::corrupt);
    CHECK(Secret<3>::from(Bytes{1, 2, 3, 4}).error().fault == Fault::corrupt);
}

TEST_CASE("secret: a copy is its own, a move is the same") {
    auto secret = Secret<3>::from(Bytes{1, 2, 3});
    REQUIRE(secret);
    Secret<3> const copy = secret->copy();
    secret->writable()[0] = 9;
    CHECK(copy.view()[0] == 1);
    Byte const* const where = secret->view().data();
    Secret<3> const moved = std::move(*secret);
    CHECK(moved.view().data() == where);
    CHECK(moved.view()[0] == 9);
}

TEST_CASE("secret: many at once") {
    std::vector<Secret<32>> many;
    for (unsigned i = 0; i < 200; ++i) {
        many.emplace_back();
        many.back().writable()[0] = static_cast<Byte>(i);
    }
    many.erase(many.begin() + 50, many.begin() + 150);
    CHECK(many[49].view()[0] == 49);
    CHECK(many[50].view()[0] == 150);
}

TEST_CASE("secret: a key's place is zeros again before another gets it") {
    std::vector<Byte const*> places;
    {
        std::vector<Secret<32>> keys(300);
        for (auto& key : keys) {
            std::ranges::fill(key.writable(), Byte{0xaa});
            places.push_back(key.view().data());
        }
    }
    std::vector<Secret<64>> const others(300);
    std::size_t again = 0;
    for (auto const& other : others) {
        CHECK(std::ranges::all_of(other.view(), [](Byte b) { return b == 0; }));
        again += static_cast<std::size_t>(std::ranges::count(places, other.view().data()));
    }
    CHECK(again == 300);
}

TEST_CASE("secret: large ones, and from many threads") {
    Secret<100'000> large;
    large.writable()[99'999] = 7;
    CHECK(large.copy().view()[99'999] == 7);
    std::vector<std::thread> threads;
    std::atomic<int> mixed_up = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&mixed_up, mark = static_cast<Byte>(t + 1)] {
            for (int i = 0; i < 2000; ++i) {
                Secret<32> key;
                std::ranges::fill(key.writable(), mark);
                Secret<32> const copy = key.copy();
                mixed_up += std::ranges::count(copy.view(), mark) == 32 ? 0 : 1;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    CHECK(mixed_up == 0);
}

TEST_CASE("secret: wipe leaves zeros") {
    std::array<Byte, 5> bytes{1, 2, 3, 4, 5};
    wipe(std::span(bytes).subspan(1, 3));
    CHECK(bytes == std::array<Byte, 5>{1, 0, 0, 0, 5});
    wipe({});
}
