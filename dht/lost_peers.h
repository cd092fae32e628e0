// Peers that were neighbours and are none any more, to be called again for a while: OpenDHT takes a
// node that was silent once for dead as long as it remembers it, so that the halves of a network
// that was cut would never speak again. Pure.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "src/core/endpoint.h"

namespace satchel::location {

class LostPeers {
public:
    /// Those that are neighbours now. Who was one at the last call and is none now, is lost; who is
    /// one again, is not.
    void note_neighbours(std::vector<Endpoint> neighbours) {
        std::sort(neighbours.begin(), neighbours.end());
        std::erase_if(lost_, [&](Lost const& lost) { return contains(neighbours, lost.endpoint); });
        for (Endpoint const& peer : neighbours_)
            if (!contains(neighbours, peer)) lost_.push_back({peer, calls_each});
        while (lost_.size() > lost_max)
            lost_.pop_front();
        neighbours_ = std::move(neighbours);
    }

    /// It has answered a call.
    void note_answer(Endpoint const& peer) {
        std::erase_if(lost_, [&](Lost const& lost) { return lost.endpoint == peer; });
    }

    /// Whom to call now: those who have waited longest. After some calls in vain a peer is dead.
    std::vector<Endpoint> take_turns() {
        std::vector<Endpoint> turns;
        auto const count = std::min(lost_.size(), calls_at_once);
        for (std::size_t i = 0; i < count; ++i) {
            Lost lost = std::move(lost_.front());
            lost_.pop_front();
            turns.push_back(lost.endpoint);
            if (--lost.calls_left > 0) lost_.push_back(std::move(lost));
        }
        return turns;
    }

private:
    struct Lost {
        Endpoint endpoint;
        unsigned calls_left;
    };

    static constexpr std::size_t lost_max = 128;
    static constexpr std::size_t calls_at_once = 8;
    static constexpr unsigned calls_each = 12;

    static bool contains(std::vector<Endpoint> const& sorted, Endpoint const& peer) {
        return std::binary_search(sorted.begin(), sorted.end(), peer);
    }

    std::vector<Endpoint> neighbours_;  ///< sorted
    std::deque<Lost> lost_;
};

}  // namespace satchel::location
