#include "src/node/escrow_index.h"

#include <doctest/doctest.h>

#include "tests/support/escrow_samples.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

TEST_CASE("escrow_index: gives back what was put in, also after a restart") {
    TempFolder folder;
    auto const blob = sample_blob(1'000);
    auto bob = item_of(blob, "t1");
    bob.user_key.emplace().bytes.fill(9);
    bob.nodes.emplace_back().bytes.fill(8);
    auto const carol = item_of(blob, "t2", "carol@b.test");
    {
        auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
        REQUIRE(index.add({bob, carol}));
    }
    auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
    CHECK(index.waiting()->size() == 2);
    auto const found = index.find("t1").value();
    REQUIRE(found);
    CHECK(found->content_id == blob.id());
    CHECK(found->blob_bytes == 1'000);
    CHECK(found->recipient.text() == "bob@b.test");
    CHECK(found->sender == "alice@a.test");
    CHECK(found->grant == Bytes{1, 2, 3});
    CHECK(found->label == Bytes{4, 5});
    CHECK(found->nodes == bob.nodes);
    CHECK(found->user_key == bob.user_key);
    CHECK(found->waits());
    CHECK_FALSE(index.find("t2").value()->user_key);
    CHECK_FALSE(index.find("t3").value());
}

TEST_CASE("escrow_index: all of a deposit or none of it") {
    TempFolder folder;
    auto const blob = sample_blob(1'000);
    auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
    REQUIRE(index.add({item_of(blob, "t1")}));
    CHECK_FALSE(index.add({item_of(blob, "t2", "carol@b.test"), item_of(blob, "t1")}));
    CHECK_FALSE(index.find("t2").value());
}

TEST_CASE("escrow_index: what was seen of a recipient, and receipts") {
    TempFolder folder;
    auto const blob = sample_blob(1'000);
    auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
    REQUIRE(index.add({item_of(blob, "t1"), item_of(blob, "t2", "carol@b.test")}));
    CHECK_FALSE(index.has_twin(item_of(blob, "t1")).value());
    REQUIRE(index.add({item_of(blob, "t3")}));
    CHECK(index.has_twin(item_of(blob, "t1")).value());

    UserKey key;
    key.bytes.fill(3);
    REQUIRE(index.note_seen(Address::parse("bob@b.test").value(), {}, key));
    CHECK(index.find("t1").value()->nodes.empty());
    CHECK(index.find("t1").value()->user_key == key);
    CHECK(index.find("t2").value()->nodes.size() == 1);

    REQUIRE(index.note_copy("t1", {Bytes{6}, "direct"}));
    CHECK_FALSE(index.find("t1").value()->waits());
    CHECK(index.find("t1").value()->route == "direct");
    CHECK(index.waiting()->size() == 2);
    CHECK_FALSE(index.has_twin(item_of(blob, "t3")).value());
    REQUIRE(index.remove("t1"));
    CHECK_FALSE(index.find("t1").value());
    CHECK(index.remove("t1"));
}
