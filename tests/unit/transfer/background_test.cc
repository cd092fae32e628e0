#include "transfer/background.h"

#include <atomic>

#include <doctest/doctest.h>

using namespace satchel;
using transfer::Background;

TEST_CASE("background: works on all batches in their order, on a thread of its own") {
    std::vector<int> seen;
    std::thread::id worker;
    {
        Background<std::vector<int>> background(
            [&](std::vector<int> const& batch) -> Status {
                worker = std::this_thread::get_id();
                seen.insert(seen.end(), batch.begin(), batch.end());
                return {};
            },
            2);
        for (int i = 0; i < 50; ++i) {
            std::vector<int> batch{2 * i, 2 * i + 1};
            REQUIRE(background.pass_on(batch));
        }
        REQUIRE(background.finish());
    }
    REQUIRE(seen.size() == 100);
    for (int i = 0; i < 100; ++i)
        CHECK(seen[static_cast<std::size_t>(i)] == i);
    CHECK(worker != std::this_thread::get_id());
}

TEST_CASE("background: the failure of a batch comes back, and nothing behind it is worked on") {
    std::atomic<int> worked = 0;
    Background<int> background(
        [&](int const& batch) -> Status {
            ++worked;
            return batch == 3 ? Status(fail(Fault::no_space, "full")) : Status();
        },
        2);
    Status passed;
    for (int i = 0; i < 50 && passed; ++i) {
        int batch = i;
        passed = background.pass_on(batch);
    }
    REQUIRE_FALSE(passed);
    CHECK(passed.error().fault == Fault::no_space);
    CHECK_FALSE(background.finish());
    CHECK(worked == 4);
}

TEST_CASE("background: left alone, it ends what was passed on before it goes") {
    std::atomic<int> worked = 0;
    {
        Background<int> background(
            [&](int const&) -> Status {
                ++worked;
                return {};
            },
            2);
        for (int i = 0; i < 3; ++i) {
            int batch = i;
            REQUIRE(background.pass_on(batch));
        }
    }
    CHECK(worked == 3);
    Background<int> idle([](int const&) { return Status(); }, 2);
    CHECK(idle.finish());
}
