// Crashes and full disks between any two writes of what escrow keeps on disk.
#include <doctest/doctest.h>

#include "src/node/escrow_vault.h"
#include "tests/faults/dying_child.h"
#include "tests/support/escrow_samples.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;

namespace {

constexpr std::uint64_t quota = 1 << 30;

using Vault = std::unique_ptr<EscrowVault>;

Vault open_in(TempFolder const& folder) {
    static FakeClock const clock;
    return EscrowVault::open(folder.path(), quota, clock).value();
}

/// Whatever happened: a ticket that waits has its blob, and no blob is without one.
void check_sound(EscrowVault& vault, SampleBlob const& blob) {
    auto const waiting = vault.waiting().value();
    CHECK(vault.open_blob(blob.id()).has_value() == !waiting.empty());
    CHECK(vault.lost().empty());
}

}  // namespace

TEST_CASE("faults: kill -9 between any two writes of a vault") {
    auto const blob = sample_blob(600'000);
    auto const deaths = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        auto const last = run_and_die(n, [&](auto const& tell) {
            auto const vault = open_in(folder);
            bool const kept =
                vault->keep(carried(blob), {item_of(blob, "t1"), item_of(blob, "t2", "c@b.test")})
                    .has_value();
            if (!kept) return false;
            tell('k');
            if (!vault->settle("t1", {Bytes{1}, "direct"})) return false;
            tell('s');
            if (!vault->release("t2")) return false;
            tell('r');
            return true;
        });
        auto const vault = open_in(folder);
        check_sound(*vault, blob);
        auto const bob = vault->find("t1").value();
        if (!last.told.empty()) REQUIRE(bob);
        if (last.told.starts_with("ks")) CHECK(bob->receipt == Bytes{1});
        if (last.told == "k") CHECK(vault->find("t2").value());
        if (last.told == "ksr") CHECK_FALSE(vault->find("t2").value());
        return last.died;
    });
    MESSAGE("survived " << deaths << " deaths");
    CHECK(deaths > 30);
}

TEST_CASE("faults: kill -9 between the receipts of two copies") {
    auto const blob = sample_blob(600'000);
    auto const copy_on = [](Byte node) {
        EscrowCopy copy{Bytes{node}, "direct", {}, 2};
        copy.node.bytes.fill(node);
        return copy;
    };
    auto const deaths = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        REQUIRE(open_in(folder)->keep(carried(blob), {item_of(blob, "t1")}));
        auto const last = run_and_die(n, [&](auto const& tell) {
            auto const vault = open_in(folder);
            if (!vault->settle("t1", copy_on(1))) return false;
            tell('1');
            if (!vault->release("t1")) return false;
            tell('r');
            if (!vault->settle("t1", copy_on(2))) return false;
            tell('2');
            return true;
        });
        auto const vault = open_in(folder);
        check_sound(*vault, blob);
        bool const kept = vault->open_blob(blob.id()).has_value();
        auto const left = vault->find("t1").value();
        // The original stays until the second receipt; the first is there for who asks.
        if (last.told.size() < 2) CHECK(kept);
        if (last.told == "1") CHECK(left->receipt == Bytes{1});
        if (last.told == "1r2") CHECK_FALSE((kept || left));
        return last.died;
    });
    MESSAGE("survived " << deaths << " deaths");
    CHECK(deaths > 5);
}

TEST_CASE("faults: a disk that fills up at any write of a vault") {
    auto const blob = sample_blob(600'000);
    auto const refusals = fail_at_each_call([&](std::uint64_t n, TempFolder const& folder) {
        bool kept = false;
        bool settled = false;
        auto const given = carried(blob);
        {
            auto const vault = open_in(folder);
            FailingDisk::fill_up_at(n);
            kept = vault->keep(given, {item_of(blob, "t1")}).has_value();
            settled = kept && vault->settle("t1", {Bytes{1}, "direct"}).has_value();
            FailingDisk::mend();
        }
        auto const vault = open_in(folder);
        check_sound(*vault, blob);
        auto const item = vault->find("t1").value();
        CHECK(item.has_value() == kept);
        if (settled) CHECK(item->receipt == Bytes{1});
        return !settled;
    });
    CHECK(refusals > 10);
}
