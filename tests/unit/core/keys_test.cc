#include "src/core/keys.h"

#include <doctest/doctest.h>

#include "src/base/hex.h"
#include "tests/support/seeded_randomness.h"

using namespace satchel;

TEST_CASE("keys: RFC 8032 section 7.1, test 3") {
    auto const seed = Secret<32>::from(
        *from_hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"));
    REQUIRE(seed);
    SigningKey const key = SigningKey::from_seed(seed->copy());
    CHECK(to_hex(key.public_key().bytes) ==
          "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    // The message af82, once in the prefix and once split: what is signed is the concatenation.
    char const* const expected =
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
    CHECK(to_hex(key.sign("", Bytes{0xaf, 0x82})) == expected);
    CHECK(to_hex(key.sign("\xaf", Bytes{0x82})) == expected);
}

TEST_CASE("keys: a signature holds for its signer, prefix and message alone") {
    testing::SeededRandomness randomness;
    SigningKey const key = SigningKey::generate(randomness);
    SigningKey const other = SigningKey::generate(randomness);
    CHECK(key.public_key() != other.public_key());
    Bytes const message{1, 2, 3};
    Signature const signature = key.sign("satchel-test-v1", message);
    CHECK(verify_signature(key.public_key(), "satchel-test-v1", message, signature));
    CHECK(key.copy().sign("satchel-test-v1", message) == signature);

    CHECK_FALSE(verify_signature(other.public_key(), "satchel-test-v1", message, signature));
    CHECK_FALSE(verify_signature(key.public_key(), "satchel-test-v2", message, signature));
    CHECK_FALSE(verify_signature(key.public_key(), "satchel-test-v1", Bytes{1, 2}, signature));
    for (std::size_t at = 0; at < signature.size(); ++at) {
        CAPTURE(at);
        Signature bent = signature;
        bent[at] ^= 1;
        CHECK_FALSE(verify_signature(key.public_key(), "satchel-test-v1", message, bent));
    }
    // And as often as it is asked.
    CHECK(verify_signature(key.public_key(), "satchel-test-v1", message, signature));
}

TEST_CASE("keys: 32 zero bytes sign nothing, whatever the signature") {
    CHECK_FALSE(verify_signature(PublicKey{}, "satchel-test-v1", {}, Signature{}));
    // The neutral element as R and S = 0 verify under every point of small order, unless refused.
    Signature neutral{};
    neutral[0] = 1;
    for (Byte message = 0; message < 32; ++message)
        CHECK_FALSE(verify_signature(PublicKey{}, "", Bytes{message}, neutral));
}

TEST_CASE("keys: base64 of 44 characters and nothing else") {
    testing::SeededRandomness randomness;
    UserKey const key(SigningKey::generate(randomness).public_key());
    std::string const text = key.to_base64();
    CHECK(text.size() == 44);
    CHECK(key.short_form() == text.substr(0, 8));
    auto const back = UserKey::parse(text);
    REQUIRE(back);
    CHECK(*back == key);

    struct Row {
        char const* why;
        std::string text;
    };

    for (Row const& row :
         {Row{"empty", ""}, Row{"without padding", text.substr(0, 43)},
          Row{"hex", std::string(64, 'a')}, Row{"31 bytes", "A" + std::string(41, 'A') + "=="},
          Row{"line end", text + "\n"}, Row{"trailing bits", std::string(42, 'A') + "B="},
          Row{"foreign", "*" + text.substr(1)}}) {
        CAPTURE(row.why);
        CHECK_FALSE(PublicKey::parse(row.text));
        CHECK_FALSE(NodeKey::parse(row.text));
    }
}
