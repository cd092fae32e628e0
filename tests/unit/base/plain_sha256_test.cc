#include "src/base/plain_sha256.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"

using namespace satchel;

TEST_CASE("plain_sha256: the example of FIPS 180-4") {
    CHECK(to_hex(plain_sha256(bytes_of("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("plain_sha256: OpenSSL's, at every length around the ends of blocks") {
    Bytes text;
    for (unsigned length = 0; length <= 300; ++length) {
        CAPTURE(length);
        CHECK(plain_sha256(text) == sha256(text));
        text.push_back(static_cast<Byte>(length * 37U + 200U));
    }
}
