#include "src/base/message_socket.h"

#include <doctest/doctest.h>

#include "tests/support/memory_file.h"

using namespace satchel;

TEST_CASE("message socket: messages stay apart, and files come along") {
    auto ends = message_socket_pair();
    REQUIRE(ends);
    auto const& [here, there] = *ends;
    CHECK_FALSE(receive_message(there.get(), 100)->has_value());
    auto const file = testing::memory_file("what is in it");
    std::array<int, 1> const files{file.get()};
    CHECK(send_message(here.get(), bytes_of("first"), files));
    CHECK(send_message(here.get(), bytes_of("second")));
    auto const first = receive_message(there.get(), 100);
    REQUIRE(*first);
    CHECK(text_of((*first)->bytes) == "first");
    REQUIRE((*first)->files.size() == 1);
    CHECK(testing::text_in((*first)->files[0]) == "what is in it");
    auto const second = receive_message(there.get(), 100);
    CHECK(text_of((*second)->bytes) == "second");
    CHECK((*second)->files.empty());
}

TEST_CASE("message socket: bounds, a full socket, and an end that is gone") {
    auto ends = message_socket_pair();
    REQUIRE(ends);
    auto& [here, there] = *ends;
    CHECK(send_message(here.get(), Bytes(11, 1)));
    CHECK(receive_message(there.get(), 10).error().fault == Fault::too_large);
    CHECK(send_message(here.get(), {}).error().fault == Fault::usage);
    Status sent;
    for (int i = 0; i < 100'000 && sent; ++i)
        sent = send_message(here.get(), Bytes(1000, 1));
    REQUIRE_FALSE(sent);
    CHECK(sent.error().fault == Fault::timed_out);
    there = UniqueFd();
    CHECK(send_message(here.get(), Bytes(1, 1)).error().fault == Fault::unavailable);
    CHECK(receive_message(here.get(), 10).error().fault == Fault::unavailable);
}
