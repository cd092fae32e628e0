#include "src/base/sodium_hash.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"

using namespace satchel;

TEST_CASE("sodium_hash: BLAKE2b of RFC 7693, appendix A") {
    CHECK(to_hex(blake2b<64>({bytes_of("abc")})) ==
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
          "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST_CASE("sodium_hash: the parts are one message, the length is part of the hash") {
    auto const whole = blake2b<32>({bytes_of("abc")});
    CHECK(blake2b<32>({bytes_of("a"), bytes_of(""), bytes_of("bc")}) == whole);
    CHECK(blake2b<32>({bytes_of("ab")}) != whole);
    auto const shorter = blake2b<20>({bytes_of("abc")});
    CHECK_FALSE(std::equal(shorter.begin(), shorter.end(), whole.begin()));
}
