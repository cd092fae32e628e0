#include "src/base/sha256.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"

using namespace satchel;

TEST_CASE("sha256: digests of FIPS 180-4's examples") {
    struct Row {
        std::string message;
        std::string digest;
    };

    for (Row const& row : {
             Row{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
             Row{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
             Row{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
             Row{std::string(1'000'000, 'a'),
                 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
         }) {
        CHECK(to_hex(sha256(bytes_of(row.message))) == row.digest);
    }
}

TEST_CASE("sha256: in pieces, and afresh after finish") {
    Bytes bytes(1'000);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<Byte>(i);
    Sha256 hash;
    for (std::size_t const step : {1UL, 63UL, 64UL, 65UL, 999UL}) {
        CAPTURE(step);
        for (std::size_t at = 0; at < bytes.size(); at += step)
            hash.update(ByteSpan(bytes).subspan(at, std::min(step, bytes.size() - at)));
        CHECK(hash.finish() == sha256(bytes));
    }
    CHECK(hash.finish() == sha256({}));
    Sha256 moved = std::move(hash);
    moved.update(bytes);
    CHECK(moved.finish() == sha256(bytes));
}

TEST_CASE("sha256: of two digests joined") {
    Bytes joined(64);
    for (std::size_t i = 0; i < joined.size(); ++i)
        joined[i] = static_cast<Byte>(200 + 7 * i);
    auto const left = ByteSpan(joined).first<32>();
    auto const right = ByteSpan(joined).last<32>();
    CHECK(sha256_of_joined(left, right) == sha256(joined));
    CHECK(sha256_of_joined(right, left) != sha256(joined));
}
