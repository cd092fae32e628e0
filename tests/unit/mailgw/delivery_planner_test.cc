#include "mailgw/delivery_planner.h"

#include <functional>

#include <doctest/doctest.h>

#include "mailgw/retry_schedule.h"
#include "tests/unit/mailgw/fake_storage.h"

using namespace satchel;
using namespace satchel::mailgw;
using satchel::testing::report_of;

TEST_CASE("delivery_planner: one row per line of the table") {
    using Change = std::function<void(PlanningFacts&, std::optional<LookupReport>&)>;

    struct Row {
        std::string why;
        Change change;
        Plan plan;
        std::string reason;
    };

    for (Row const &row : {
             Row{"storage available, dialable", [](auto&, auto&) {}, Plan::push, ""},
             Row{"no attachment", [](auto& m, auto&) { m.content_bytes.clear(); }, Plan::full,
                 "no attachment that may be detached"},
             Row{"null sender", [](auto& m, auto&) { m.null_sender = true; }, Plan::full,
                 "no sender"},
             Row{"nobody could be asked", [](auto&, auto& r) { r.reset(); }, Plan::full,
                 "node is gone"},
             Row{"no storage record",
                 [](auto&, auto& r) {
                     r->storage = r->trusted = r->available = false;
                     r->reason = "";
                 },
                 Plan::full, "no storage record"},
             Row{"no answer within the patience",
                 [](auto&, auto& r) {
                     r->storage = r->trusted = r->available = false;
                     r->conclusive = false;
                     r->reason = "DHT";
                 },
                 Plan::full, "no answer in time: DHT"},
             Row{"no answer, but a cached record counts",
                 [](auto&, auto& r) { r->conclusive = false; }, Plan::push, ""},
             Row{"none trusted enough",
                 [](auto&, auto& r) {
                     r->trusted = r->available = false;
                     r->reason = "first-seen only";
                 },
                 Plan::full, "first-seen only"},
             Row{"no key", [](auto&, auto& r) { r->age_recipient.reset(); }, Plan::full,
                 "storage record names no key to encrypt to"},
             Row{"too big for the accept policy",
                 [](auto&, auto& r) { r->accept.max_bytes = blob_bytes_for(100'000) - 1; },
                 Plan::full, "storage takes at most 100047 bytes, an attachment would be 100048"},
             Row{"just fits", [](auto&, auto& r) { r->accept.max_bytes = blob_bytes_for(100'000); },
                 Plan::push, ""},
             Row{"too small for the accept policy",
                 [](auto&, auto& r) { r->accept.min_bytes = 1 << 20; }, Plan::full,
                 "storage takes nothing under 1048576 bytes, an attachment would be 100048"},
             Row{"storage wants a sender",
                 [](auto& m, auto& r) {
                     m.sender = "";
                     r->accept.from = AcceptFrom::attested;
                 },
                 Plan::full, "storage wants to know the sender"},
             Row{"anyone may send",
                 [](auto& m, auto& r) {
                     m.sender = "";
                     r->accept.from = AcceptFrom::anyone;
                 },
                 Plan::push, ""},
             Row{"unavailable",
                 [](auto&, auto& r) {
                     r->available = false;
                     r->nodes[0].available = false;
                     r->reason = "no presence";
                 },
                 Plan::full, "no presence"},
             Row{"unavailable, and this gateway may keep it",
                 [](auto& m, auto& r) {
                     m.may_escrow = true;
                     r->available = false;
                     r->reason = "no presence";
                 },
                 Plan::escrow, "no presence"},
             Row{"escrow is for known and trusted storage alone",
                 [](auto& m, auto& r) {
                     m.may_escrow = true;
                     r->trusted = r->available = false;
                     r->reason = "first-seen only";
                 },
                 Plan::full, "first-seen only"},
             Row{"escrow of what the storage would refuse makes no sense",
                 [](auto& m, auto& r) {
                     m.may_escrow = true;
                     r->available = false;
                     r->accept.max_bytes = 5;
                 },
                 Plan::full, "storage takes at most 5 bytes, an attachment would be 100048"},
             Row{"pull-only", [](auto&, auto& r) { r->nodes[0].pull_only = true; }, Plan::pull, ""},
             Row{"the dialable one of two nodes is away",
                 [](auto&, auto& r) {
                     r->nodes.push_back(r->nodes[0]);
                     r->nodes[0].pull_only = true;
                     r->nodes[1].available = false;
                 },
                 Plan::pull, ""},
             Row{"one of two nodes is dialable",
                 [](auto&, auto& r) {
                     r->nodes.push_back(r->nodes[0]);
                     r->nodes[0].pull_only = true;
                 },
                 Plan::push, ""},
         }) {
        CAPTURE(row.why);
        PlanningFacts message{{100'000}, "alice@a.test", false, false};
        std::optional<LookupReport> report = report_of("bob@b.test");
        row.change(message, report);
        auto const planned = plan_delivery(message, report, report ? "" : "node is gone");
        CHECK(planned.plan == row.plan);
        CHECK(planned.reason == row.reason);
    }
}

TEST_CASE("delivery_planner: size of an age payload") {
    CHECK(blob_bytes_for(0) == 32);
    CHECK(blob_bytes_for(1) == 33);
    CHECK(blob_bytes_for(65'536) == 65'536 + 32);
    CHECK(blob_bytes_for(65'537) == 65'537 + 48);
}

TEST_CASE("delivery_planner: plans by name") {
    for (Plan const plan : {Plan::full, Plan::push, Plan::pull, Plan::escrow}) {
        CHECK(parse_plan(to_string(plan)) == plan);
    }
    CHECK_FALSE(parse_plan("Push"));
}

TEST_CASE("retry_schedule: doubles, is bounded, is spread") {
    RetrySchedule const schedule{std::chrono::seconds(30), std::chrono::seconds(3600),
                                 std::chrono::seconds(1000)};
    for (std::uint64_t tries = 1; tries < 100; ++tries) {
        auto const plain = tries < 8 ? 30L << (tries - 1) : 3600L;
        for (std::uint64_t chance : {0ULL, 1ULL, 77'777ULL, ~0ULL}) {
            auto const wait = schedule.wait_after(tries, chance).count();
            CHECK(wait >= plain - plain / 5);
            CHECK(wait <= plain + plain / 5);
        }
    }
    CHECK(schedule.wait_after(3, 0) != schedule.wait_after(3, 5));
    RetrySchedule const odd{std::chrono::seconds(0), std::chrono::seconds(0),
                            std::chrono::seconds(0)};
    CHECK(odd.wait_after(5, 3).count() == 1);
    CHECK_FALSE(schedule.patience_over(5000, 5999));
    CHECK(schedule.patience_over(5000, 6000));
}
