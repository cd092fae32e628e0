#include "transfer/piece_order.h"

#include <doctest/doctest.h>

using namespace satchel::transfer;

namespace {

using std::chrono::milliseconds;

PieceOrder::Time const start{};
auto const soon = start + milliseconds(100);

}  // namespace

TEST_CASE("piece order: the own share first, others' once they have it") {
    PieceOrder order(std::vector<bool>(6), {1, 3}, start);
    for (std::size_t i = 0; i < 6; ++i) {
        CAPTURE(i);
        CHECK(order.wish(i) == (i % 3 == 1 ? PieceWish::own : PieceWish::not_yet));
    }
    CHECK(order.look({1, 1, 1, 1, 1, 1}, soon).empty());  // the sender alone has them
    CHECK(order.look({1, 2, 2, 1, 1, 1}, soon) == std::vector<std::size_t>{2});
    CHECK(order.wish(1) == PieceWish::own);
    CHECK(order.wish(2) == PieceWish::passed_on);
    CHECK(order.look({1, 2, 2, 1, 1, 1}, soon).empty());
}

TEST_CASE("piece order: when nothing moves, all is asked for") {
    PieceOrder order(std::vector<bool>(4), {0, 2}, start);
    order.note_piece(soon);
    CHECK(order.look({1, 1, 1, 1}, start + PieceOrder::patience).empty());
    CHECK(order.look({1, 1, 1, 1}, soon + PieceOrder::patience) == std::vector<std::size_t>{1, 3});
    CHECK(order.wish(1) == PieceWish::any);
    // What somebody passes on is asked for before what only the sender has.
    CHECK(order.look({1, 2, 1, 1}, soon + PieceOrder::patience) == std::vector<std::size_t>{1});
    CHECK(order.wish(1) == PieceWish::passed_on);
}

TEST_CASE("piece order: without shares, or with the own one here, nothing is waited for") {
    PieceOrder const alone(std::vector<bool>(3), {0, 1}, start);
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(alone.wish(i) == PieceWish::own);
    PieceOrder resumed({true, false, true, false}, {0, 2}, start);
    CHECK(resumed.look({1, 1, 1, 1}, start) == std::vector<std::size_t>{1, 3});
}

TEST_CASE("piece order: counts of another length are no harm") {
    PieceOrder order(std::vector<bool>(2), {0, 2}, start);
    CHECK(order.look({}, soon).empty());
    CHECK(order.look({5, 5, 5, 5}, soon) == std::vector<std::size_t>{1});
}
