#include "src/core/locator.h"

#include <doctest/doctest.h>

#include "src/base/sodium_hash.h"
#include "tests/support/vector_file.h"
#include "tests/unit/core/samples.h"

using namespace satchel;
using namespace satchel::testing;

TEST_CASE("locator: the bytes of FORMATS.md") {
    VectorFile vectors("locator");
    Locator const locator = locate(sample_address());
    vectors.check("salt", blake2b<16>({bytes_of("satchel/address/1")}));
    vectors.check("bob@b.test key", locator.key.bytes);
    vectors.check("bob@b.test seal", locator.seal);
    vectors.check("bob@b.test tag", address_tag(sample_address()));
    NodeKey const node(sample_key("node").public_key());
    vectors.check("node", node.bytes);
    vectors.check("node presence", presence_key(node).bytes);
    vectors.check("node inbox", inbox_key(node).bytes);
}

TEST_CASE("locator: one address, one place, however it was written") {
    Locator const a = locate(sample_address());
    Locator const b = locate(sample_address("Bob@B.TEST"));
    Locator const other = locate(sample_address("bob+tag@b.test"));
    CHECK(a.key == b.key);
    CHECK(a.seal == b.seal);
    CHECK(a.key != other.key);
    CHECK(a.seal != other.seal);
    CHECK(a.key.to_hex().size() == 40);
    CHECK(address_tag(sample_address()) != address_tag(sample_address("bob+tag@b.test")));
}
