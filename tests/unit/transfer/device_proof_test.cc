#include "transfer/device_proof.h"

#include <doctest/doctest.h>

#include "tests/support/seeded_randomness.h"

using namespace satchel;
using namespace satchel::transfer;

TEST_CASE("device_proof: holds for its connection alone") {
    testing::SeededRandomness chance;
    SigningKey const user = SigningKey::generate(chance);
    auto const here = chance.array<32>();
    auto const elsewhere = chance.array<32>();
    std::string const proof = make_device_proof(user, here);
    auto const key = check_device_proof(proof, here);
    REQUIRE(key);
    CHECK(*key == user.public_key());
    auto const repeated = check_device_proof(proof, elsewhere);
    REQUIRE_FALSE(repeated);
    CHECK(repeated.error().fault == Fault::untrusted);
    SigningKey const other = SigningKey::generate(chance);
    std::string const stolen = other.public_key().to_base64() + proof.substr(proof.find(' '));
    CHECK_FALSE(check_device_proof(stolen, here));
    for (std::string const& wrong :
         {std::string(), std::string(" "), proof + "A", proof.substr(0, 44),
          proof.substr(0, proof.size() - 4), " " + proof}) {
        CAPTURE(wrong);
        CHECK_FALSE(check_device_proof(wrong, here));
    }
}
