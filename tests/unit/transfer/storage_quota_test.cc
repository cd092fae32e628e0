#include "transfer/storage_quota.h"

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::transfer;

TEST_CASE("storage quota: what comes in, and which bound says no") {
    constexpr auto huge = ~std::uint64_t{0};

    struct Row {
        char const* why;
        StoreQuota quota;
        StoreOccupancy now;
        StoreDemand demand;
        std::string refusal;  ///< a word of it; "" where it is admitted
    };

    Row const rows[] = {
        {"exactly fits", {100, 100}, {40, 0, 60, 0, 0}, {60, 0, "a"}, ""},
        {"total", {100, 100}, {41, 0, 1'000, 0, 0}, {60, 0, "a"}, "storage's quota"},
        {"sender", {100, 50}, {0, 20, 1'000, 0, 0}, {31, 0, "a"}, "sender's quota"},
        {"no sender, no sender's quota", {100, 50}, {0, 0, 1'000, 0, 0}, {60, 0, ""}, ""},
        {"disk", {100, 100}, {0, 0, 59, 0, 0}, {60, 0, "a"}, "disk"},
        {"disk promised to others", {100, 100}, {0, 0, 60, 1, 0}, {60, 0, "a"}, "disk"},
        {"disk margin", {100, 100}, {0, 0, 60, 0, 1}, {60, 0, "a"}, "disk"},
        {"part is on the disk already", {100, 100}, {0, 0, 10, 0, 0}, {60, 50, "a"}, ""},
        {"more on the disk than asked", {100, 100}, {0, 0, 0, 0, 0}, {60, 70, "a"}, ""},
        {"size that would wrap",
         {huge - 1, huge},
         {5, 0, huge, 0, 0},
         {huge, 0, ""},
         "storage's quota"},
        {"wraps the disk", {huge, huge}, {0, 0, huge - 1, 5, 5}, {huge - 2, 0, ""}, "disk"},
    };
    for (auto const& row : rows) {
        CAPTURE(row.why);
        auto const admitted = admit(row.quota, row.now, row.demand);
        REQUIRE(admitted.has_value() == row.refusal.empty());
        if (admitted) continue;
        CHECK(admitted.error().fault == Fault::no_space);
        CHECK(admitted.error().what.find(row.refusal) != std::string::npos);
    }
}
