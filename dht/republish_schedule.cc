#include "dht/republish_schedule.h"

#include <algorithm>

namespace satchel::location {

namespace {

using namespace std::chrono_literals;

constexpr unsigned copies = 8;  // nodes that OpenDHT stores a value on
constexpr auto between_puts = 1s;
constexpr auto settle_first = 5s;  // after the first put that reached anybody,
constexpr auto settle_last = 20s;  // two more, for nodes that knew few others then
constexpr auto watch_closely_for = 60s;
constexpr auto watch_closely = 500ms;
constexpr auto watch = 5s;
constexpr auto retry = 10s;
constexpr auto first_read_back = 30s;
constexpr auto read_back_after_loss = 60s;
constexpr int periods_between_read_backs = 3;

RepublishSchedule::Duration part_of(RepublishSchedule::Duration whole, double share) {
    return std::chrono::duration_cast<RepublishSchedule::Duration>(whole * share);
}

}  // namespace

RepublishSchedule::RepublishSchedule(Time now, Duration period, bool read_back)
    : period_(period)
    , read_back_(read_back)
    , next_put_(now) {}

bool RepublishSchedule::neighbours_grew(Time now, unsigned neighbours) const {
    if (neighbours <= reached_ || now < last_put_ + between_puts) return false;
    return reached_ < copies || neighbours >= 2 * reached_;
}

bool RepublishSchedule::settling(Time now) const {
    if (connected_ == Time{}) return false;
    auto const missed = [&](Duration after) {
        return now >= connected_ + after && last_put_ < connected_ + after;
    };
    return missed(settle_first) || missed(settle_last);
}

RepublishSchedule::Due RepublishSchedule::due(Time now, unsigned neighbours) const {
    if (now >= next_put_ || neighbours_grew(now, neighbours) || settling(now)) return Due::put;
    return now >= next_read_back_ ? Due::read_back : Due::nothing;
}

RepublishSchedule::Duration RepublishSchedule::pause(Time now) const {
    bool const young = reached_ == 0 || now < connected_ + watch_closely_for;
    Duration const look = young ? Duration(watch_closely) : Duration(watch);
    auto const next = std::min(next_put_, next_read_back_);
    return std::clamp(next - now, Duration::zero(), look);
}

void RepublishSchedule::note_neighbours(unsigned neighbours) {
    if (neighbours == 0) reached_ = 0;
}

void RepublishSchedule::note_put(Time now, bool ok, unsigned neighbours, double chance) {
    last_put_ = now;
    next_put_ = now + (ok || neighbours == 0 ? part_of(period_, 1.0 - 0.2 * chance)
                                             : std::min(period_, Duration(retry)));
    if (!ok || neighbours == 0) return;
    reached_ = std::max(reached_, neighbours);
    if (connected_ != Time{}) return;
    connected_ = now;
    if (read_back_) next_read_back_ = now + first_read_back;
}

void RepublishSchedule::note_read_back(Time now, bool there, double chance) {
    if (!there) next_put_ = now;
    next_read_back_ = now + (there ? part_of(period_ * periods_between_read_backs, 1 - 0.2 * chance)
                                   : Duration(read_back_after_loss));
}

}  // namespace satchel::location
