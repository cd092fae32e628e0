// When a record is put again: on its period, and early while neighbours are still being found.
// Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace satchel::location {

class RepublishState {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    static constexpr Duration settling = std::chrono::seconds(60);  ///< from the first put on
    static constexpr Duration look_every = std::chrono::milliseconds(500);

    /// A put has just ended; `neighbours` good ones were there when it began, 0 if it failed.
    void note_put(Time now, unsigned neighbours) {
        if (first_ == Time{}) first_ = now;
        reached_ = neighbours;
    }

    /// Is it time? `neighbours`: good ones that are there now.
    bool is_due(Time now, Time due, unsigned neighbours) const {
        if (now >= due) return true;
        bool const few = reached_ < enough;
        return neighbours > reached_ && (reached_ == 0 || (few && now - first_ < settling));
    }

    /// How long to wait before asking again.
    Duration next_look(Time now, Time due) const {
        bool const watching = reached_ == 0 || (reached_ < enough && now - first_ < settling);
        return watching ? std::min(look_every, due - now) : due - now;
    }

private:
    static constexpr unsigned enough = 8;  ///< as many nodes as OpenDHT stores a value on

    Time first_{};
    unsigned reached_ = 0;
};

}  // namespace satchel::location
