// When one record of ours is put again or read back: on its period, and early while neighbours are
// still being found, because a newcomer's puts land on few nodes. Pure.
#pragma once

#include <chrono>

namespace satchel::location {

class RepublishSchedule {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    enum class Due { nothing, put, read_back };

    /// The first put is due at once, the others after at most `period`. `read_back` says whether to
    /// look now and then if the network still has it; not worth it for short periods.
    RepublishSchedule(Time now, Duration period, bool read_back);

    /// What is to be done now, with as many good neighbours.
    Due due(Time now, unsigned neighbours) const;

    /// How long nothing can become due but by new neighbours, at most some seconds.
    Duration pause(Time now) const;

    /// So many good neighbours are there. Without any, all is to be put again once there are.
    void note_neighbours(unsigned neighbours);

    /// A put has ended; `neighbours` were there when it began. `chance` in [0, 1) spreads puts: the
    /// next comes after 0.8 to 1 periods, so never late.
    void note_put(Time now, bool ok, unsigned neighbours, double chance);

    /// A look at the network has ended.
    void note_read_back(Time now, bool there, double chance);

private:
    bool neighbours_grew(Time now, unsigned neighbours) const;
    bool settling(Time now) const;

    Duration period_;
    bool read_back_;
    Time next_put_;
    Time last_put_{};
    Time next_read_back_ = Time::max();
    Time connected_{};      ///< the first put that reached anybody
    unsigned reached_ = 0;  ///< neighbours at the best put since we were last alone
};

}  // namespace satchel::location
