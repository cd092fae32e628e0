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

namespace {

EscrowCopy copy_on(Byte node, std::uint64_t wanted) {
    EscrowCopy copy{Bytes{node}, "direct", {}, wanted};
    copy.node.bytes.fill(node);
    return copy;
}

}  // namespace

TEST_CASE("escrow_index: what lacks copies is still needed, also after a restart") {
    TempFolder folder;
    auto const blob = sample_blob(1'000);
    auto item = item_of(blob, "t1");
    item.name = "film.mov";
    item.message_id = "<1@a.test>";
    {
        auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
        REQUIRE(index.add({item}));
        REQUIRE(index.note_copy("t1", copy_on(1, 3)));
        REQUIRE(index.note_copy("t1", copy_on(1, 3)));  // the same node again
    }
    auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
    auto waiting = index.waiting().value();
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].name == "film.mov");
    CHECK(waiting[0].message_id == "<1@a.test>");
    CHECK(waiting[0].copies == std::vector{copy_on(1, 3).node});
    CHECK(waiting[0].copies_wanted == 3);
    CHECK_FALSE(waiting[0].waits());
    CHECK(waiting[0].needs_more());
    CHECK(index.has_twin(item_of(blob, "t2")).value());

    REQUIRE(index.note_copy("t1", copy_on(2, 3)));
    CHECK(index.waiting()->size() == 1);
    REQUIRE(index.note_released("t1"));
    REQUIRE(index.note_copy("t1", copy_on(3, 3)));
    CHECK(index.waiting()->empty());
    CHECK_FALSE(index.has_twin(item_of(blob, "t2")).value());
    auto const settled = index.find("t1").value();
    CHECK(settled->receipt == Bytes{1});  // the first stays
    CHECK(settled->copies.size() == 3);
    CHECK(settled->released);
    CHECK_FALSE(settled->needs_more());
    CHECK(index.note_copy("never given", copy_on(1, 1)));
}

TEST_CASE("escrow_index: fewer copies may be wanted in the end") {
    TempFolder folder;
    auto const blob = sample_blob(1'000);
    auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
    REQUIRE(index.add({item_of(blob, "t1"), item_of(blob, "t2", "carol@b.test")}));
    REQUIRE(index.note_copy("t1", copy_on(1, 3)));
    REQUIRE(index.note_copy("t2", copy_on(1, 3)));
    REQUIRE(index.note_copy("t1", copy_on(1, 1)));
    REQUIRE(index.note_enough("t2"));
    CHECK(index.waiting()->empty());
}

TEST_CASE("escrow_index: a file of the time before copies were counted") {
    TempFolder folder;
    {
        auto old = SqliteDatabase::open(folder / "escrow.sqlite", 1, R"sql(
            CREATE TABLE item(
              ticket TEXT PRIMARY KEY, content_id TEXT NOT NULL, blob_bytes INTEGER NOT NULL, recipient TEXT NOT NULL,
              sender TEXT NOT NULL, grant_header BLOB NOT NULL, label BLOB NOT NULL, nodes BLOB NOT NULL,
              user_key BLOB NOT NULL, receipt BLOB NOT NULL, route TEXT NOT NULL) WITHOUT ROWID;
            CREATE INDEX item_waiting ON item(recipient) WHERE receipt = x'';
            INSERT INTO item VALUES('waits', lower(hex(zeroblob(32))), 7, 'bob@b.test', '', x'01', x'02', x'', x'', x'', '');
            INSERT INTO item VALUES('came', lower(hex(zeroblob(32))), 7, 'bob@b.test', '', x'01', x'02', x'', x'', x'05', 'direct');
        )sql");
        REQUIRE(old);
    }
    auto index = EscrowIndex::open(folder / "escrow.sqlite").value();
    auto const waiting = index.waiting().value();
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].ticket == "waits");
    CHECK(index.find("came").value()->receipt == Bytes{5});
    REQUIRE(index.note_copy("waits", copy_on(1, 2)));
    CHECK(index.waiting()->size() == 1);
    REQUIRE(index.note_copy("waits", copy_on(2, 2)));
    CHECK(index.waiting()->empty());
    REQUIRE(index.remove("waits"));
    REQUIRE(index.remove("came"));
}
