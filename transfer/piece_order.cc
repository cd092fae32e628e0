#include "transfer/piece_order.h"

#include <algorithm>

namespace satchel::transfer {

PieceOrder::PieceOrder(std::vector<bool> const& have, SwarmShare const& share, Time now)
    : wishes_(have.size(), PieceWish::not_yet)
    , moved_(now) {
    bool missing = false;
    for (std::size_t i = 0; i < have.size(); ++i) {
        if (!have[i] && i % share.of != share.index) continue;
        wishes_[i] = PieceWish::own;
        missing = missing || !have[i];
    }
    // All of its own share is here from an earlier time.
    if (!missing) moved_ = now - patience;
}

std::vector<std::size_t> PieceOrder::look(std::vector<int> const& holders, Time now) {
    std::vector<std::size_t> changed;
    std::size_t const known = std::min(holders.size(), wishes_.size());
    for (std::size_t i = 0; i < known; ++i) {
        // One of those that have it is the sender.
        if (wishes_[i] >= PieceWish::passed_on || holders[i] < 2) continue;
        wishes_[i] = PieceWish::passed_on;
        changed.push_back(i);
    }
    if (!changed.empty()) moved_ = now;
    if (!open_ && now - moved_ >= patience) open_ = true;
    if (!open_) return changed;
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
        if (wishes_[i] != PieceWish::not_yet) continue;
        wishes_[i] = PieceWish::any;
        changed.push_back(i);
    }
    return changed;
}

}  // namespace satchel::transfer
