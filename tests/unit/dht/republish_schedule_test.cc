#include "dht/republish_schedule.h"

#include <doctest/doctest.h>

using namespace satchel::location;
using namespace std::chrono_literals;
using Due = RepublishSchedule::Due;

namespace {

RepublishSchedule::Time const start{1h};

}  // namespace

TEST_CASE("republish schedule: at once, then within the period, never late") {
    for (double const chance : {0.0, 0.5, 0.999}) {
        CAPTURE(chance);
        RepublishSchedule schedule(start, 10min, false);
        CHECK(schedule.due(start, 8) == Due::put);
        auto const put = start + 1h;  // long settled
        schedule.note_put(start, true, 8, chance);
        schedule.note_put(put, true, 8, chance);
        CHECK(schedule.due(put + 8min - 1s, 8) == Due::nothing);
        CHECK(schedule.due(put + 10min, 8) == Due::put);
    }
}

TEST_CASE("republish schedule: a node that was alone puts at its first neighbour") {
    RepublishSchedule schedule(start, 10min, false);
    schedule.note_put(start, true, 0, 0);
    CHECK(schedule.due(start + 5s, 0) == Due::nothing);
    CHECK(schedule.due(start + 5s, 1) == Due::put);
    CHECK(schedule.pause(start + 5s) <= 500ms);
}

TEST_CASE("republish schedule: more neighbours, until there are as many as keep a value") {
    struct Row {
        char const* why;
        unsigned at_the_put;
        unsigned now;
        Due due;
    };

    for (Row const& row : {
             Row{"as many", 3, 3, Due::nothing},
             Row{"fewer", 3, 2, Due::nothing},
             Row{"one more while few", 3, 4, Due::put},
             Row{"one more of many", 8, 9, Due::nothing},
             Row{"twice as many", 8, 16, Due::put},
         }) {
        CAPTURE(row.why);
        RepublishSchedule schedule(start, 10min, false);
        schedule.note_put(start, true, row.at_the_put, 0);
        CHECK(schedule.due(start + 500ms, row.now) == Due::nothing);  // not in a burst
        CHECK(schedule.due(start + 2s, row.now) == row.due);
    }
}

TEST_CASE("republish schedule: two more puts while the network settles") {
    RepublishSchedule schedule(start, 10min, false);
    schedule.note_put(start, true, 8, 0);
    CHECK(schedule.due(start + 4s, 8) == Due::nothing);
    CHECK(schedule.due(start + 5s, 8) == Due::put);
    schedule.note_put(start + 5s, true, 8, 0);
    CHECK(schedule.due(start + 19s, 8) == Due::nothing);
    CHECK(schedule.due(start + 20s, 8) == Due::put);
    schedule.note_put(start + 20s, true, 8, 0);
    CHECK(schedule.due(start + 9min, 8) == Due::nothing);
}

TEST_CASE("republish schedule: after a time without neighbours all is put again") {
    RepublishSchedule schedule(start, 10min, false);
    schedule.note_put(start, true, 8, 0);
    schedule.note_put(start + 30s, true, 8, 0);
    schedule.note_neighbours(0);
    CHECK(schedule.due(start + 40s, 0) == Due::nothing);
    CHECK(schedule.due(start + 40s, 1) == Due::put);
}

TEST_CASE("republish schedule: a put that failed is tried again soon") {
    RepublishSchedule schedule(start, 10min, false);
    schedule.note_put(start, false, 8, 0);
    CHECK(schedule.due(start + 5s, 0) == Due::nothing);
    CHECK(schedule.due(start + 10s, 0) == Due::put);
}

TEST_CASE("republish schedule: reads back now and then, and mends a loss") {
    RepublishSchedule schedule(start, 10min, true);
    schedule.note_put(start, true, 8, 0);
    schedule.note_put(start + 25s, true, 8, 0);
    CHECK(schedule.due(start + 29s, 8) == Due::nothing);
    CHECK(schedule.due(start + 30s, 8) == Due::read_back);
    schedule.note_read_back(start + 30s, true, 0);
    CHECK(schedule.due(start + 9min, 8) == Due::nothing);
    schedule.note_read_back(start + 9min, false, 0);
    CHECK(schedule.due(start + 9min, 8) == Due::put);
    schedule.note_put(start + 9min, true, 8, 0);
    CHECK(schedule.due(start + 9min + 59s, 8) == Due::nothing);
    CHECK(schedule.due(start + 10min, 8) == Due::read_back);
}
