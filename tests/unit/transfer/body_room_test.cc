#include "transfer/body_room.h"

#include <doctest/doctest.h>

#include "tests/support/await_on.h"

using namespace satchel;
using namespace satchel::transfer;
using namespace satchel::testing;
using namespace std::chrono_literals;

namespace {

/// One body that is being read, or waits for it.
struct Reader {
    std::optional<std::optional<BodyRoom::Share>> answer{};
    bool was_cut_off = false;

    bool reads() const { return answer && answer->has_value(); }

    bool was_refused() const { return answer && !answer->has_value(); }

    void leave() { answer->reset(); }
};

/// A room for 100 bytes, 60 of one caller. Who waits has long, unless a test says otherwise.
struct World {
    asio::io_context io;
    BodyRoom room;

    explicit World(BodyRoomLimits limits = {100, 60, 1h, 1h})
        : room(io.get_executor(), limits) {}

    void begin(Reader& reader, std::string caller, std::size_t bytes) {
        BodyRoom::Claim claim{std::move(caller), bytes, [&reader] { reader.was_cut_off = true; }};
        asio::co_spawn(io, room.take(std::move(claim)),
                       [&reader](std::exception_ptr, std::optional<BodyRoom::Share> share) {
                           reader.answer = std::move(share);
                       });
        settle();
    }

    void pass(std::chrono::milliseconds time) {
        run_until(io, [until = std::chrono::steady_clock::now() + time] {
            return std::chrono::steady_clock::now() > until;
        });
    }

    void settle() {
        io.restart();
        io.poll();
    }
};

}  // namespace

TEST_CASE("body room: who finds none waits for it, and who came last is first") {
    Reader a, b, c, d;
    World world;
    world.begin(a, "1", 60);
    world.begin(b, "2", 40);
    CHECK(a.reads());
    CHECK(b.reads());
    world.begin(c, "3", 60);
    world.begin(d, "4", 60);
    b.leave();
    world.settle();
    CHECK_FALSE(c.answer);
    CHECK_FALSE(d.answer);
    a.leave();
    world.settle();
    CHECK_FALSE(c.answer);
    CHECK(d.reads());
}

TEST_CASE("body room: one caller leaves room for others") {
    Reader a, b, c;
    World world;
    world.begin(a, "1", 40);
    world.begin(b, "1", 40);
    world.begin(c, "2", 60);
    CHECK_FALSE(b.answer);
    CHECK(c.reads());
    a.leave();
    world.settle();
    CHECK(b.reads());
}

TEST_CASE("body room: more than one caller may have counts as that") {
    Reader a, b, c;
    World world;
    world.begin(a, "1", 40);
    world.begin(b, "2", 1'000);
    CHECK(b.reads());
    world.begin(c, "3", 1);
    CHECK_FALSE(c.answer);
    b.leave();
    world.settle();
    CHECK(c.reads());
}

TEST_CASE("body room: who stalls is cut off for who waits, and nobody else") {
    Reader arrived, brisk, oldest, next, young, waiting;
    World world({100, 100, 1h, 500ms});
    world.begin(arrived, "1", 30);
    (*arrived.answer)->arrived();
    world.begin(brisk, "2", 10);
    world.begin(oldest, "3", 20);
    world.begin(next, "4", 30);
    world.pass(500ms);
    (*brisk.answer)->note();
    world.begin(young, "5", 10);
    world.begin(waiting, "6", 20);
    CHECK(oldest.was_cut_off);
    CHECK_FALSE(arrived.was_cut_off);
    CHECK_FALSE(brisk.was_cut_off);
    CHECK_FALSE(next.was_cut_off);
    CHECK_FALSE(young.was_cut_off);
    CHECK_FALSE(waiting.answer);  // it has not ended yet
    oldest.leave();
    world.settle();
    CHECK(waiting.reads());
}

TEST_CASE("body room: nobody is cut off in vain") {
    Reader arrived, reading, waiting;
    SUBCASE("it has not stalled") {
        World world({100, 100, 1h, 1h});
        world.begin(reading, "1", 100);
        world.begin(waiting, "2", 20);
        CHECK_FALSE(reading.was_cut_off);
    }
    SUBCASE("it would make no room") {
        World world({100, 100, 1h, 8ms});
        world.begin(arrived, "1", 90);
        (*arrived.answer)->arrived();
        world.begin(reading, "2", 10);
        world.begin(waiting, "3", 20);
        world.pass(20ms);
        CHECK_FALSE(reading.was_cut_off);
        arrived.leave();
        world.settle();
        CHECK(waiting.reads());
    }
    SUBCASE("of others, where one's own is what lacks") {
        World world({100, 60, 1h, 10ms});
        world.begin(arrived, "1", 20);
        world.begin(reading, "2", 50);
        world.begin(waiting, "2", 20);
        run_until(world.io, [&] { return reading.was_cut_off; });
        CHECK_FALSE(arrived.was_cut_off);
    }
}

TEST_CASE("body room: nobody waits for ever") {
    Reader a, b, c;
    SUBCASE("no room in time") {
        World world({100, 60, 30ms, 1h});
        world.begin(a, "1", 60);
        world.begin(b, "1", 60);
        run_until(world.io, [&] { return b.was_refused(); });
        a.leave();
        world.begin(c, "1", 60);
        CHECK(c.reads());
    }
    SUBCASE("it is stopped") {
        World world;
        world.begin(a, "1", 60);
        world.begin(b, "1", 60);
        world.room.stop();
        world.settle();
        CHECK(b.was_refused());
        a.leave();
        world.begin(c, "1", 1);
        CHECK(c.was_refused());
    }
}
