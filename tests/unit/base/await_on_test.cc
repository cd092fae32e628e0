#include "tests/support/await_on.h"

#include <string>

#include <doctest/doctest.h>

using namespace satchel;
using namespace satchel::testing;

namespace {

asio::awaitable<int> never(asio::io_context& io) {
    asio::steady_timer timer(io, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
    co_return 1;
}

std::string what_is_thrown(std::function<void()> const& wait) {
    try {
        wait();
    } catch (std::runtime_error const& error) {
        return error.what();
    }
    return "nothing";
}

/// Whatever path the compiler was given.
bool names(std::string const& what, unsigned line) {
    return what.find("await_on_test.cc:" + std::to_string(line) + ": waited in vain for 1 ms") !=
           std::string::npos;
}

}  // namespace

TEST_CASE("await_on: who waited in vain is told by line") {
    using namespace std::chrono_literals;
    asio::io_context io;
    unsigned line = 0;
    auto const over = [] { return false; };
    auto const hopeless = [&] {
        line = __LINE__ + 1;
        run_until(io, over, 1ms);
    };
    std::string const waited = what_is_thrown(hopeless);
    CHECK_MESSAGE(names(waited, line), waited);

    auto const silent = [&] {
        line = __LINE__ + 1;
        await_on(io, never(io), 1ms);
    };
    std::string const awaited = what_is_thrown(silent);
    CHECK_MESSAGE(names(awaited, line), awaited);
}
