#include "src/web/sessions.h"

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/seeded_randomness.h"

namespace satchel::web {

using namespace std::chrono_literals;

TEST_CASE("sessions: a token opens one session, soon") {
    testing::FakeClock clock;
    testing::SeededRandomness randomness;
    Sessions sessions(clock, randomness);
    auto const token = sessions.make_token();
    CHECK_FALSE(sessions.redeem(token.substr(1)));
    auto const halves = sessions.redeem(token);
    REQUIRE(halves);
    CHECK_FALSE(sessions.redeem(token));
    CHECK(sessions.permits(halves->cookie, halves->key));
    CHECK_FALSE(sessions.permits(halves->cookie, halves->cookie));
    CHECK_FALSE(sessions.permits(halves->key, halves->key));
    CHECK_FALSE(sessions.permits("", ""));
    auto const late = sessions.make_token();
    clock.advance(121s);
    CHECK_FALSE(sessions.redeem(late));
    CHECK(sessions.knows(halves->cookie));
    clock.advance(std::chrono::hours(24 * 7 + 1));
    CHECK_FALSE(sessions.knows(halves->cookie));
}

TEST_CASE("sessions: tickets are their session's alone, and end with it") {
    testing::FakeClock clock;
    testing::SeededRandomness randomness;
    Sessions sessions(clock, randomness);
    auto const one = sessions.redeem(sessions.make_token()).value();
    auto const two = sessions.redeem(sessions.make_token()).value();
    ContentId id;
    id.bytes[0] = 7;
    auto const ticket = sessions.make_ticket(one.cookie, {id, true});
    REQUIRE(sessions.find_ticket(one.cookie, ticket));
    CHECK(sessions.find_ticket(one.cookie, ticket)->content_id == id);
    CHECK_FALSE(sessions.find_ticket(two.cookie, ticket));
    CHECK_FALSE(sessions.find_ticket(one.cookie, ticket + "0"));
    sessions.end(one.cookie);
    CHECK_FALSE(sessions.find_ticket(one.cookie, ticket));
    CHECK(sessions.knows(two.cookie));
}

TEST_CASE("sessions: whoever makes many pushes out the oldest alone") {
    testing::FakeClock clock;
    testing::SeededRandomness randomness;
    Sessions sessions(clock, randomness);
    auto const first = sessions.make_token();
    clock.advance(1s);
    std::string last;
    for (int i = 0; i < 16; ++i)
        last = sessions.make_token();
    CHECK_FALSE(sessions.redeem(first));
    CHECK(sessions.redeem(last));
}

}  // namespace satchel::web
