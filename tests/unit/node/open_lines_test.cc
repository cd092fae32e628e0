#include "src/node/open_lines.h"

#include <doctest/doctest.h>

#include "tests/support/await_on.h"
#include "tests/support/seeded_randomness.h"
#include "transfer/control_limits.h"

using namespace satchel;
using namespace satchel::node;
using namespace satchel::testing;
using namespace std::chrono_literals;
using transfer::LineAnswer;

namespace {

struct Desk {
    /// Begins a hold; its answer is put in place when it comes.
    std::shared_ptr<std::optional<LineAnswer>> hold(std::chrono::milliseconds patience = 10s) {
        auto answer = std::make_shared<std::optional<LineAnswer>>();
        asio::co_spawn(
            io,
            [this, answer, patience]() -> asio::awaitable<void> {
                *answer = co_await lines.hold(bob, patience);
            },
            asio::detached);
        io.restart();
        io.poll();
        return answer;
    }

    PullNotice notice(Byte number) const {
        PullNotice notice;
        notice.offer.bytes[0] = number;
        notice.size = 100;
        notice.sender = bob;
        notice.expires = 1;
        return notice;
    }

    asio::io_context io;
    OpenLines lines{io};
    SeededRandomness chance;
    NodeKey bob{SigningKey::generate(chance).public_key()};
};

}  // namespace

TEST_CASE("open lines: an order ends a hold, and waits where none is held just now") {
    Desk desk;
    CHECK(desk.lines.order(desk.bob, desk.notice(1)).error().fault == Fault::not_found);
    auto const first = desk.hold();
    CHECK_FALSE(first->has_value());
    REQUIRE(desk.lines.order(desk.bob, desk.notice(1)));
    run_until(desk.io, [&] { return first->has_value(); });
    CHECK((*first)->orders == std::vector{desk.notice(1)});
    REQUIRE(desk.lines.order(desk.bob, desk.notice(2)));  // between two holds
    auto const second = desk.hold();
    run_until(desk.io, [&] { return second->has_value(); });
    CHECK((*second)->orders == std::vector{desk.notice(2)});
}

TEST_CASE("open lines: a hold ends by itself, with nothing") {
    Desk desk;
    auto const held = desk.hold(20ms);
    run_until(desk.io, [&] { return held->has_value(); });
    CHECK((*held)->orders.empty());
}

TEST_CASE("open lines: a ping is answered by the next hold") {
    Desk desk;
    CHECK(await_on(desk.io, desk.lines.ping(desk.bob)).error().fault == Fault::not_found);
    auto const held = desk.hold();
    std::optional<Status> pinged;
    asio::co_spawn(
        desk.io, [&]() -> asio::awaitable<void> { pinged = co_await desk.lines.ping(desk.bob); },
        asio::detached);
    run_until(desk.io, [&] { return held->has_value(); });
    CHECK((*held)->orders.empty());
    CHECK_FALSE(pinged);
    auto const again = desk.hold();
    run_until(desk.io, [&] { return pinged.has_value(); });
    CHECK(pinged->has_value());
    CHECK_FALSE(again->has_value());
}

TEST_CASE("open lines: who does not hold again is away") {
    Desk desk;
    auto const held = desk.hold();
    auto const pinged = await_on(desk.io, desk.lines.ping(desk.bob));
    REQUIRE_FALSE(pinged);
    CHECK(pinged.error().fault == Fault::unavailable);
    CHECK(held->has_value());
}

TEST_CASE("open lines: a second hold ends the first, and gets the orders") {
    Desk desk;
    auto const lost = desk.hold();
    auto const held = desk.hold();
    run_until(desk.io, [&] { return lost->has_value(); });
    CHECK_FALSE(held->has_value());
    REQUIRE(desk.lines.order(desk.bob, desk.notice(3)));
    run_until(desk.io, [&] { return held->has_value(); });
    CHECK((*lost)->orders.empty());
    CHECK((*held)->orders.size() == 1);
}

TEST_CASE("open lines: orders for one node are bounded, in all and in one answer") {
    Desk desk;
    auto const held = desk.hold();
    REQUIRE(desk.lines.order(desk.bob, desk.notice(0)));
    run_until(desk.io, [&] { return held->has_value(); });
    for (Byte i = 1; i <= 32; ++i)
        REQUIRE(desk.lines.order(desk.bob, desk.notice(i)));
    CHECK(desk.lines.order(desk.bob, desk.notice(33)).error().fault == Fault::unavailable);
    for (int turn = 0; turn < 2; ++turn) {
        auto const next = desk.hold();
        run_until(desk.io, [&] { return next->has_value(); });
        CHECK((*next)->orders.size() == 16);
    }
}

TEST_CASE("open lines: a stop ends all holds") {
    Desk desk;
    auto const held = desk.hold();
    desk.lines.stop();
    run_until(desk.io, [&] { return held->has_value(); });
    CHECK((*held)->orders.empty());
}

TEST_CASE("open lines: a call to a meeting goes over a line, beside orders") {
    Desk desk;
    transfer::RelayToken const token{{1, 2, 3}};
    CHECK(desk.lines.call_to_meeting(desk.bob, token).error().fault == Fault::not_found);
    auto const held = desk.hold();
    REQUIRE(desk.lines.call_to_meeting(desk.bob, token));
    desk.io.restart();
    desk.io.poll();
    REQUIRE(held->has_value());
    CHECK((*held)->meetings == std::vector{token});
    CHECK((*held)->orders.empty());
    // Nobody holds for the moment: it waits, within bounds.
    std::size_t taken = 0;
    while (desk.lines.call_to_meeting(desk.bob, token))
        REQUIRE(++taken < 1'000);
    CHECK(taken == 2 * transfer::control_limits::line_orders);
}
