#include "src/node/turns.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::node;

TEST_CASE("turns: so many at once at each node, in the order of their coming") {
    asio::io_context io;
    Turns turns(io, 2);
    NodeKey one;
    NodeKey other;
    other.bytes.fill(7);
    std::string begun;
    std::vector<Turns::Turn> held;
    auto const come = [&](NodeKey node, char name) {
        asio::co_spawn(
            io,
            [&, node, name]() -> asio::awaitable<void> {
                auto turn = co_await turns.take(node);
                CHECK(turn);
                begun += name;
                held.push_back(std::move(turn));
            },
            asio::detached);
        io.restart();
        io.poll();
    };
    auto const end_first = [&] {
        held.erase(held.begin());
        io.restart();
        io.poll();
    };
    for (char const name : {'a', 'b', 'c', 'd'})
        come(one, name);
    CHECK(begun == "ab");
    come(other, 'x');
    CHECK(begun == "abx");
    end_first();
    CHECK(begun == "abxc");
    come(one, 'e');
    CHECK(begun == "abxc");
    while (!held.empty())
        end_first();
    CHECK(begun == "abxcde");
    come(one, 'f');
    CHECK(begun == "abxcdef");
}
