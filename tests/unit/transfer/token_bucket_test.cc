#include "transfer/token_bucket.h"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

using namespace satchel::transfer;
using namespace std::chrono_literals;

namespace {

constexpr TokenBucket::Time start{1'000s};

}  // namespace

TEST_CASE("token_bucket: without a rate nobody waits") {
    TokenBucket bucket(0);
    for (int i = 0; i < 3; ++i)
        CHECK(bucket.book(std::uint64_t{1} << 40U, start) == start);
}

TEST_CASE("token_bucket: each goes when those before are through") {
    TokenBucket bucket(1'000);
    CHECK(bucket.book(500, start) == start);
    CHECK(bucket.book(2'000, start) == start + 500ms);
    CHECK(bucket.book(1, start + 100ms) == start + 2'500ms);
}

TEST_CASE("token_bucket: what nobody used is not saved up") {
    TokenBucket bucket(1'000);
    CHECK(bucket.book(1'000, start) == start);
    auto const later = start + 1h;
    CHECK(bucket.book(5'000, later) == later);
    CHECK(bucket.book(1, later) == later + 5s);
}

TEST_CASE("token_bucket: who books piece by piece gets as much as each of the others") {
    TokenBucket bucket(1'000);
    std::array<TokenBucket::Time, 4> at{};
    std::array<std::uint64_t, 4> moved{};
    at.fill(start);
    // Each books its next piece when the last one has gone.
    for (int turn = 0; turn < 400; ++turn) {
        auto const next =
            static_cast<std::size_t>(std::min_element(at.begin(), at.end()) - at.begin());
        at[next] = bucket.book(100, at[next]) + 100ms;
        moved[next] += 100;
    }
    for (auto const bytes : moved)
        CHECK(bytes == 10'000);
    CHECK(*std::max_element(at.begin(), at.end()) == start + 40s);
}
