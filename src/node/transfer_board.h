// What is being sent, and how what was sent lately went: for whoever watches. Owner's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "src/core/content_id.h"

namespace satchel::node {

struct OutgoingTransfer {
    enum class State { moving, done, failed };

    std::uint64_t number = 0;  ///< of this transfer, for as long as the node runs
    std::string name;          ///< of the file; "" where it is not known
    std::string recipient;     ///< address
    ContentId content_id;
    std::uint64_t bytes = 0;  ///< of the blob
    std::uint64_t done = 0;
    std::string route;   ///< "direct", "pull", …: once it is done
    std::string reason;  ///< why it failed, or why the node before did
    State state = State::moving;
    std::uint64_t begun = 0;  ///< Unix seconds
    std::uint64_t ended = 0;
};

class TransferBoard {
public:
    static constexpr std::size_t remembered_max = 50;  ///< that are over

    /// Gives its number.
    std::uint64_t begin(OutgoingTransfer transfer) {
        transfer.number = ++last_number_;
        transfers_.push_back(std::move(transfer));
        return last_number_;
    }

    /// Null where it is forgotten.
    OutgoingTransfer* find(std::uint64_t number) {
        for (OutgoingTransfer& one : transfers_)
            if (one.number == number) return &one;
        return nullptr;
    }

    void end(std::uint64_t number, OutgoingTransfer::State state, std::uint64_t now_seconds) {
        OutgoingTransfer* const found = find(number);
        if (found == nullptr) return;
        found->state = state;
        found->ended = now_seconds;
        std::size_t over = 0;
        for (OutgoingTransfer const& one : transfers_)
            over += one.state == OutgoingTransfer::State::moving ? 0U : 1U;
        for (auto at = transfers_.begin(); at != transfers_.end() && over > remembered_max; ++at) {
            if (at->state == OutgoingTransfer::State::moving) continue;
            transfers_.erase(at);
            break;
        }
    }

    /// The oldest first.
    std::deque<OutgoingTransfer> const& all() const { return transfers_; }

private:
    std::deque<OutgoingTransfer> transfers_;
    std::uint64_t last_number_ = 0;
};

}  // namespace satchel::node
