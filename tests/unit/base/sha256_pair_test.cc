#include "src/base/sha256_pair.h"

#include <algorithm>

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

TEST_CASE("sha256_pair: two streams in pieces of any size, ended and begun anew apart") {
    Bytes all(10'000);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<Byte>(i * 11 + i / 300);
    Sha256Pair pair;
    for (std::size_t const length : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 119U, 120U, 128U, 9'999U}) {
        for (std::size_t const step : {1U, 63U, 64U, 65U, 200U, 10'000U}) {
            CAPTURE(length);
            CAPTURE(step);
            // The second stays behind, is shorter, and stands elsewhere in memory.
            ByteSpan const first = ByteSpan(all).first(length);
            ByteSpan const second = ByteSpan(all).subspan(7).first(length / 3);
            for (std::size_t at = 0; at < length; at += step) {
                auto const piece = [&](ByteSpan of) {
                    return of.subspan(std::min(at, of.size()))
                        .first(std::min(step, of.size() - std::min(at, of.size())));
                };
                pair.update(piece(first), piece(second));
            }
            CHECK(pair.finish_second() == sha256(second));
            pair.update({}, first);
            CHECK(pair.finish_first() == sha256(first));
            CHECK(pair.finish_second() == sha256(first));
        }
    }
}
