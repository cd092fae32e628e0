#include "src/node/escrow_vault.h"

#include <doctest/doctest.h>

#include "tests/support/escrow_samples.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

struct World {
    TempFolder folder;
    FakeClock clock;
    std::uint64_t quota = 1 << 30;
    std::unique_ptr<EscrowVault> vault = EscrowVault::open(folder.path(), quota, clock).value();

    void restart() {
        vault.reset();
        vault = EscrowVault::open(folder.path(), quota, clock).value();
    }

    bool keeps(SampleBlob const& blob) const { return vault->open_blob(blob.id()).has_value(); }
};

}  // namespace

TEST_CASE("escrow_vault: keeps a blob for several until the last has it") {
    World world;
    for (std::uint64_t const size : {1'000ULL, 600'000ULL, 3'000'000ULL}) {
        CAPTURE(size);
        auto const blob = sample_blob(size, size);
        auto const name = std::to_string(size);
        REQUIRE(world.vault->keep(
            carried(blob), {item_of(blob, "b" + name), item_of(blob, "c" + name, "carol@b.test")}));
        world.restart();
        auto const opened = world.vault->open_blob(blob.id());
        REQUIRE(opened);
        CHECK(opened->bytes == size);
        CHECK(text_in(*opened->file) == text_of(blob.view()));
        if (blob.tree.layer.size() > 32) CHECK(opened->layer == blob.tree.layer);

        REQUIRE(world.vault->settle("b" + name, {Bytes{1}, "direct"}));
        CHECK(world.keeps(blob));
        CHECK(world.vault->find("b" + name).value()->receipt == Bytes{1});
        REQUIRE(world.vault->release("c" + name));
        CHECK_FALSE(world.keeps(blob));
        CHECK_FALSE(world.vault->find("c" + name).value());
        REQUIRE(world.vault->release("b" + name));
    }
    CHECK(world.vault->release("never given"));
    CHECK(world.vault->settle("never given", {Bytes{1}, "direct"}));
}

TEST_CASE("escrow_vault: a recipient named twice has the blob until both tickets are over") {
    World world;
    auto const blob = sample_blob(600'000);
    REQUIRE(world.vault->keep(carried(blob), {item_of(blob, "t1"), item_of(blob, "t2")}));
    REQUIRE(world.vault->settle("t1", {Bytes{1}, "direct"}));
    CHECK(world.keeps(blob));
    REQUIRE(world.vault->release("t2"));
    CHECK_FALSE(world.keeps(blob));
}

TEST_CASE("escrow_vault: what can't be kept leaves nothing") {
    World world;
    auto const blob = sample_blob(600'000);
    SUBCASE("quota") {
        world.quota = 599'999;
        world.restart();
        auto const kept = world.vault->keep(carried(blob), {item_of(blob, "t1")});
        REQUIRE_FALSE(kept);
        CHECK(kept.error().fault == Fault::no_space);
    }
    SUBCASE("the file is shorter than it says") {
        auto short_one = carried(blob);
        short_one.file = std::make_shared<UniqueFd>(memory_file("few bytes"));
        CHECK_FALSE(world.vault->keep(short_one, {item_of(blob, "t1")}));
    }
    SUBCASE("the bytes are others") {
        auto wrong = carried(blob);
        wrong.file =
            std::make_shared<UniqueFd>(memory_file(text_of(sample_blob(600'000, 2).view())));
        CHECK_FALSE(world.vault->keep(wrong, {item_of(blob, "t1")}));
    }
    SUBCASE("a size that no disk has") {
        auto huge = carried(blob);
        huge.bytes = std::uint64_t{1} << 63U;
        CHECK_FALSE(world.vault->keep(huge, {item_of(blob, "t1")}));
    }
    SUBCASE("an empty blob") {
        auto empty = carried(blob);
        empty.bytes = 0;
        CHECK_FALSE(world.vault->keep(empty, {item_of(blob, "t1")}));
    }
    SUBCASE("the ticket was given out before") {
        auto const first = sample_blob(1'000);
        REQUIRE(world.vault->keep(carried(first), {item_of(first, "t1")}));
        CHECK_FALSE(world.vault->keep(carried(blob), {item_of(blob, "t1")}));
        CHECK(world.vault->waiting()->size() == 1);
        CHECK(world.vault->find("t1").value()->content_id == first.id());
        REQUIRE(world.vault->release("t1"));
    }
    CHECK_FALSE(world.keeps(blob));
    CHECK(world.vault->waiting()->empty());
}

TEST_CASE("escrow_vault: a ticket whose blob is gone is forgotten, and told") {
    World world;
    auto const blob = sample_blob(600'000);
    REQUIRE(world.vault->keep(carried(blob), {item_of(blob, "t1")}));
    world.vault.reset();
    for (auto const& entry : std::filesystem::recursive_directory_iterator(world.folder.path()))
        if (entry.path().filename().string().starts_with(blob.id().to_hex()))
            std::filesystem::remove(entry.path());
    world.restart();
    CHECK(world.vault->lost() == std::vector<std::string>{"t1"});
    CHECK_FALSE(world.vault->find("t1").value());
    world.restart();
    CHECK(world.vault->lost().empty());
}

namespace {

EscrowCopy copy_on(Byte node, std::uint64_t wanted) {
    EscrowCopy copy{Bytes{node}, "direct", {}, wanted};
    copy.node.bytes.fill(node);
    return copy;
}

}  // namespace

TEST_CASE("escrow_vault: the blob goes with the last receipt that is wanted, in whatever order") {
    for (bool const asked_between : {false, true}) {
        CAPTURE(asked_between);
        World world;
        auto const blob = sample_blob(600'000);
        REQUIRE(world.vault->keep(carried(blob), {item_of(blob, "t1")}));
        REQUIRE(world.vault->settle("t1", copy_on(1, 2)));
        CHECK(world.keeps(blob));
        CHECK(world.vault->find("t1").value()->receipt == Bytes{1});
        if (asked_between) REQUIRE(world.vault->release("t1"));
        world.restart();
        CHECK(world.keeps(blob));
        CHECK(world.vault->lost().empty());
        REQUIRE(world.vault->settle("t1", copy_on(1, 2)));  // the same node once more
        CHECK(world.keeps(blob));
        REQUIRE(world.vault->settle("t1", copy_on(2, 2)));
        CHECK_FALSE(world.keeps(blob));
        // Who has not asked yet finds the first receipt.
        auto const left = world.vault->find("t1").value();
        CHECK(left.has_value() != asked_between);
        if (left) CHECK(left->receipt == Bytes{1});
        REQUIRE(world.vault->release("t1"));
        CHECK_FALSE(world.vault->find("t1").value());
    }
}

TEST_CASE("escrow_vault: kept for copies alone, or until patience ends") {
    World world;
    auto const blob = sample_blob(600'000);
    auto item = item_of(blob, "t1");
    item.receipt = Bytes{1};
    item.copies = {copy_on(1, 2).node};
    item.copies_wanted = 2;
    item.released = true;
    REQUIRE(world.vault->keep(carried(blob), {item}));
    world.restart();
    CHECK(world.keeps(blob));
    CHECK(world.vault->waiting()->size() == 1);
    SUBCASE("the second comes") {
        REQUIRE(world.vault->settle("t1", copy_on(2, 2)));
    }
    SUBCASE("no more are wanted") {
        REQUIRE(world.vault->settle("t1", copy_on(1, 1)));
    }
    SUBCASE("it is given up") {
        REQUIRE(world.vault->give_up_copies("t1"));
    }
    CHECK_FALSE(world.keeps(blob));
    CHECK_FALSE(world.vault->find("t1").value());
    CHECK(world.vault->waiting()->empty());
}

TEST_CASE("escrow_vault: what has arrived nowhere is not given up for want of copies") {
    World world;
    auto const blob = sample_blob(600'000);
    REQUIRE(world.vault->keep(carried(blob), {item_of(blob, "t1")}));
    REQUIRE(world.vault->give_up_copies("t1"));
    CHECK(world.keeps(blob));
    REQUIRE(world.vault->settle("t1", copy_on(1, 2)));
    REQUIRE(world.vault->give_up_copies("t1"));
    CHECK_FALSE(world.keeps(blob));
    CHECK(world.vault->find("t1").value()->receipt == Bytes{1});  // the gateway will ask
    CHECK(world.vault->waiting()->empty());
}

TEST_CASE("escrow_vault: a blob that is gone but has arrived once is nothing to repair") {
    World world;
    auto const blob = sample_blob(600'000);
    REQUIRE(world.vault->keep(carried(blob), {item_of(blob, "t1"), item_of(blob, "t2")}));
    REQUIRE(world.vault->settle("t1", copy_on(1, 2)));
    REQUIRE(world.vault->settle("t2", copy_on(1, 2)));
    REQUIRE(world.vault->release("t2"));
    world.vault.reset();
    for (auto const& entry : std::filesystem::recursive_directory_iterator(world.folder.path()))
        if (entry.path().filename().string().starts_with(blob.id().to_hex()))
            std::filesystem::remove(entry.path());
    world.restart();
    CHECK(world.vault->lost().empty());
    CHECK(world.vault->waiting()->empty());
    CHECK(world.vault->find("t1").value()->receipt == Bytes{1});
    CHECK_FALSE(world.vault->find("t2").value());
}
