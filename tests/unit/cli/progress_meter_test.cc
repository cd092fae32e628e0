#include "src/cli/progress_meter.h"

#include <doctest/doctest.h>

using namespace satchel::cli;
using namespace std::chrono_literals;

namespace {

constexpr ProgressMeter::Time start{1000s};
constexpr std::uint64_t mb = 1'000'000;

}  // namespace

TEST_CASE("progress meter: rate and time left") {
    ProgressMeter meter(start);
    CHECK(meter.words() == "0 B");
    for (int step = 1; step <= 40; ++step)
        meter.note(static_cast<std::uint64_t>(step) * mb, 100 * mb, start + step * 250ms);
    CHECK(meter.rate() == doctest::Approx(4e6).epsilon(0.01));
    CHECK(meter.words() == " 40%  40.0 MB of 100 MB  4.0 MB/s  15 s left");
}

TEST_CASE("progress meter: follows a change of speed") {
    ProgressMeter meter(start);
    for (int second = 1; second <= 10; ++second)
        meter.note(static_cast<std::uint64_t>(second) * 10 * mb, 1000 * mb, start + second * 1s);
    for (int second = 11; second <= 20; ++second)
        meter.note((100 + static_cast<std::uint64_t>(second - 10)) * mb, 1000 * mb,
                   start + second * 1s);
    CHECK(meter.rate() == mb);
}

TEST_CASE("progress meter: what was there before is no speed") {
    ProgressMeter meter(start);
    meter.note(900 * mb, 1000 * mb, start + 5ms);
    CHECK(meter.rate() == 0);
    CHECK(meter.words() == " 90%  900 MB of 1.0 GB");
    meter.note(910 * mb, 1000 * mb, start + 1005ms);
    CHECK(meter.rate() == 10 * mb);
}

TEST_CASE("progress meter: odd figures do no harm") {
    ProgressMeter meter(start);
    meter.note(5, 0, start + 1s);
    CHECK(meter.words() == "5 B");
    meter.note(20, 10, start + 2s);
    CHECK(meter.words().starts_with("100%  10 B of 10 B"));
    meter.note(1, 10, start + 3s);  // another source, from the start
    CHECK(meter.rate() == 0);
    ProgressMeter stalled(start);
    stalled.note(mb, 100 * mb, start + 1s);
    for (int second = 2; second < 20; ++second)
        stalled.note(mb, 100 * mb, start + second * 1s);
    CHECK(stalled.words() == "  1%  1.0 MB of 100 MB");
}

TEST_CASE("human_duration") {
    struct Row {
        std::uint64_t seconds;
        char const* text;
    };

    for (Row const& row :
         {Row{0, "0 s"}, Row{59, "59 s"}, Row{60, "1 min 00 s"}, Row{3599, "59 min 59 s"},
          Row{3660, "1 h 01 min"}, Row{86'400, "1 d 0 h"}, Row{200'000, "2 d 7 h"}})
        CHECK(human_duration(row.seconds) == row.text);
}
