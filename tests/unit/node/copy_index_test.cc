#include "src/node/copy_index.h"

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

ContentId id(Byte n) {
    ContentId content;
    content.bytes.fill(n);
    return content;
}

NodeKey node_key(Byte n) {
    NodeKey key;
    key.bytes.fill(n);
    return key;
}

AddressTag user(Byte n) {
    AddressTag tag{};
    tag.fill(n);
    return tag;
}

}  // namespace

TEST_CASE("copy_index: keeps apart users, blobs and nodes, also after a restart") {
    TempFolder folder;
    {
        auto index = CopyIndex::open(folder / "copies.sqlite").value();
        REQUIRE(index.note(id(1), user(1), node_key(1), Bytes{1}));
        REQUIRE(index.note(id(1), user(1), node_key(2), {}));
        REQUIRE(index.note(id(1), user(1), node_key(2), Bytes{2}));  // the same once more
        REQUIRE(index.note(id(2), user(1), node_key(1), Bytes{3}));
        REQUIRE(index.note(id(1), user(2), node_key(3), Bytes{4}));
    }
    auto index = CopyIndex::open(folder / "copies.sqlite").value();
    auto const of_first = index.copies_of(user(1)).value();
    CHECK(of_first.size() == 2);
    CHECK(of_first.at(id(1)) == std::set<NodeKey>{node_key(1), node_key(2)});
    CHECK(of_first.at(id(2)) == std::set<NodeKey>{node_key(1)});
    CHECK(index.copies_of(user(2))->at(id(1)) == std::set<NodeKey>{node_key(3)});
    CHECK(index.copies_of(user(3))->empty());
}

TEST_CASE("copy_index: forgets what is not held any more, of one user") {
    TempFolder folder;
    auto index = CopyIndex::open(folder / "copies.sqlite").value();
    for (Byte const n : Bytes{1, 2, 3})
        REQUIRE(index.note(id(n), user(1), node_key(1), {}));
    REQUIRE(index.note(id(1), user(2), node_key(1), {}));
    REQUIRE(index.forget_all_but(user(1), {id(2), id(9)}));
    auto const left = index.copies_of(user(1)).value();
    CHECK(left.size() == 1);
    CHECK(left.contains(id(2)));
    CHECK(index.copies_of(user(2))->size() == 1);
}
