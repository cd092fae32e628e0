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

/// A room for 100 bytes, 60 of one caller, where two may wait: long, unless a test says otherwise.
struct World {
    asio::io_context io;
    BodyRoom room;

    explicit World(BodyRoomLimits limits = {100, 60, 2, 1h, 1h})
        : room(io.get_executor(), limits) {}

    void begin(Reader& reader, std::string caller, std::size_t bytes) {
        BodyRoom::Claim claim{std::move(caller), bytes, [&reader] { reader.was_cut_off = true; }};
        asio::co_spawn(io, room.take(std::move(claim)),
                       [&reader](std::exception_ptr, std::optional<BodyRoom::Share> share) {
                           reader.answer = std::move(share);
                       });
        settle();
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

TEST_CASE("body room: what is larger than all of it is read alone") {
    Reader a, b, c;
    World world;
    world.begin(a, "1", 1);
    world.begin(b, "2", 1'000);
    CHECK_FALSE(b.answer);
    a.leave();
    world.settle();
    CHECK(b.reads());
    world.begin(c, "3", 1);
    CHECK_FALSE(c.answer);
    b.leave();
    world.settle();
    CHECK(c.reads());
}

TEST_CASE("body room: whose reading takes long is cut off for who waits, and nobody else") {
    Reader kept, oldest, next, young, waiting;
    World world({100, 100, 2, 20ms, 1h});
    world.begin(kept, "1", 30);
    (*kept.answer)->keep();
    world.begin(oldest, "2", 30);
    world.begin(next, "3", 30);
    run_until(world.io, [began = std::chrono::steady_clock::now()] {
        return std::chrono::steady_clock::now() > began + 20ms;
    });
    CHECK_FALSE(oldest.was_cut_off);
    world.begin(young, "4", 10);
    world.begin(waiting, "5", 20);
    CHECK(oldest.was_cut_off);
    CHECK_FALSE(next.was_cut_off);
    CHECK_FALSE(young.was_cut_off);
    CHECK_FALSE(kept.was_cut_off);
    CHECK_FALSE(waiting.answer);  // it has not ended yet
    oldest.leave();
    world.settle();
    CHECK(waiting.reads());
}

TEST_CASE("body room: of one caller's readings its own are cut off") {
    Reader other, own, waiting;
    World world({100, 60, 2, 10ms, 1h});
    world.begin(other, "1", 20);
    world.begin(own, "2", 50);
    world.begin(waiting, "2", 20);
    run_until(world.io, [&] { return own.was_cut_off; });
    CHECK_FALSE(other.was_cut_off);
    own.leave();
    world.settle();
    CHECK(waiting.reads());
}

TEST_CASE("body room: nobody waits for ever") {
    Reader a, b;
    SUBCASE("no room in time") {
        World world({100, 60, 2, 1h, 30ms});
        world.begin(a, "1", 60);
        world.begin(b, "1", 60);
        run_until(world.io, [&] { return b.was_refused(); });
        a.leave();
        Reader c;
        world.begin(c, "1", 60);
        CHECK(c.reads());
    }
    SUBCASE("too many came later") {
        Reader c, d;
        World world;
        world.begin(a, "1", 60);
        world.begin(b, "1", 60);
        world.begin(c, "1", 60);
        CHECK_FALSE(b.answer);
        world.begin(d, "1", 60);
        CHECK(b.was_refused());
        CHECK_FALSE(c.answer);
        CHECK_FALSE(d.answer);
        a.leave();
        world.settle();
        CHECK(d.reads());
    }
    SUBCASE("the room is gone") {
        asio::io_context io;
        auto room =
            std::make_unique<BodyRoom>(io.get_executor(), BodyRoomLimits{100, 100, 2, 1h, 1h});
        auto first = await_on(io, room->take({"1", 100, [] {}}));
        CHECK(first);
        bool refused = false;
        asio::co_spawn(
            io, room->take({"2", 100, [] {}}),
            [&](std::exception_ptr, std::optional<BodyRoom::Share> share) { refused = !share; });
        io.restart();
        io.poll();
        room.reset();
        run_until(io, [&] { return refused; });
    }
}
