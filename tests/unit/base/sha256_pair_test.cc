#include "src/base/sha256_pair.h"

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("sha256_pair: gives what one after the other gives, of every length of blocks") {
    Bytes one(16 * 1024);
    Bytes two(16 * 1024);
    for (std::size_t i = 0; i < one.size(); ++i) {
        one[i] = static_cast<Byte>(i * 7 + i / 256);
        two[i] = static_cast<Byte>(i * 13 + i / 512 + 1);
    }
    for (std::size_t const size : {0U, 64U, 128U, 192U, 4'096U, 16U * 1024}) {
        CAPTURE(size);
        auto const first = ByteSpan(one).first(size);
        auto const second = ByteSpan(two).first(size);
        auto const both = sha256_of_two(first, second);
        CHECK(both[0] == sha256(first));
        CHECK(both[1] == sha256(second));
    }
}

TEST_CASE("sha256_pair: reads from wherever the messages stand") {
    Bytes all(3 * 64 + 15);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<Byte>(i);
    for (std::size_t at = 0; at < 16; ++at) {
        CAPTURE(at);
        auto const first = ByteSpan(all).subspan(at, 64);
        auto const second = ByteSpan(all).subspan(at + 63, 64);
        CHECK(sha256_of_two(first, second)[0] == sha256(first));
        CHECK(sha256_of_two(first, second)[1] == sha256(second));
    }
}
