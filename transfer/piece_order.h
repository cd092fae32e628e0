// Which pieces a receiver in a swarm asks for when. Left to themselves, receivers ask the sender
// for the same pieces: its uplink then carries the blob twice and more. So each asks for its own
// share, and for what somebody else has got already; for the rest only when nothing moves any more
// (somebody left, or is slow). Measured: docs/swarm.md. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "transfer/swarm.h"

namespace satchel::transfer {

enum class PieceWish : std::uint8_t { not_yet, any, passed_on, own };

class PieceOrder {
public:
    using Time = std::chrono::steady_clock::time_point;

    PieceOrder(std::vector<bool> const& have, SwarmShare const& share, Time now);

    PieceWish wish(std::size_t piece) const { return wishes_[piece]; }

    /// Something moves.
    void note_piece(Time now) { moved_ = now; }

    /// `holders`: by piece, how many of the connected peers have it. Pieces whose wish has changed.
    std::vector<std::size_t> look(std::vector<int> const& holders, Time now);

    /// Nothing moved for so long: no piece is left out any more.
    static constexpr std::chrono::milliseconds patience{1'500};

private:
    std::vector<PieceWish> wishes_;
    Time moved_;
    bool open_ = false;
};

}  // namespace satchel::transfer
