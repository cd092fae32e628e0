#include "transfer/age_primitives.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "src/base/hex.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

std::array<Byte, 32> unhex(std::string_view hex) {
    auto const bytes = from_hex(hex);
    REQUIRE(bytes);
    REQUIRE(bytes->size() == 32);
    std::array<Byte, 32> out{};
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
}

}  // namespace

TEST_CASE("age primitives: X25519 agrees with RFC 7748 §6.1") {
    auto const alice = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    auto const bob = unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    CHECK(to_hex(x25519_public(alice)) ==
          "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    auto const shared = x25519(alice, x25519_public(bob));
    REQUIRE(shared);
    CHECK(to_hex(shared->view()) ==
          "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST_CASE("age primitives: a product of zero is refused") {
    auto const scalar = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    // RFC 7748 §6.1 tells why; the points are those of order 1, 2, 4 and 8, and their aliases.
    for (char const* point : {
             "0000000000000000000000000000000000000000000000000000000000000000",
             "0100000000000000000000000000000000000000000000000000000000000000",
             "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
             "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
         }) {
        CAPTURE(point);
        CHECK_FALSE(x25519(scalar, unhex(point)));
    }
}

TEST_CASE("age primitives: HKDF-SHA-256 agrees with RFC 5869, cases 1 and 3") {
    Bytes const key(22, 0x0b);
    auto const salt = from_hex("000102030405060708090a0b0c");
    REQUIRE(salt);
    CHECK(to_hex(hkdf_sha256(key, *salt, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9").view()) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    CHECK(to_hex(hkdf_sha256(key, {}, "").view()) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}
