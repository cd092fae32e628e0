// What moves to and from this node, and how what moved lately went: for whoever watches. What is
// over is told to a history as well. Owner's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/clock.h"
#include "src/core/content_id.h"
#include "src/core/identity.h"
#include "src/core/offer.h"

namespace satchel::node {

struct Transfer {
    enum class Way { out, in };
    enum class State { moving, done, failed, refused };

    std::uint64_t number = 0;  ///< of this transfer, for as long as the node runs
    Way way = Way::out;
    std::string name;  ///< of the file; "" where it is not known
    std::string peer;  ///< address of the recipient, or of the sender as it says
    ContentId content_id;
    std::uint64_t bytes = 0;  ///< of the blob
    std::uint64_t done = 0;
    std::string route;   ///< "direct", "pull", …: once it is done
    std::string reason;  ///< why it failed, or why the node before did
    State state = State::moving;
    std::uint64_t begun = 0;  ///< Unix seconds
    std::uint64_t ended = 0;
};

/// "moving", "done", "failed", "refused".
char const* to_string(Transfer::State state);

class TransferBoard {
public:
    static constexpr std::size_t remembered_max = 50;  ///< that are over
    /// Anybody may make offers that are refused: they must not crowd out the rest.
    static constexpr std::size_t refused_max = 10;

    /// Both must outlive the board.
    TransferBoard(Identity const& identity, Clock const& clock)
        : identity_(identity)
        , clock_(clock) {}

    /// Of those that leave; gives its number.
    std::uint64_t begin(Transfer transfer);

    /// Null where it is forgotten.
    Transfer* find(std::uint64_t number);

    void end(std::uint64_t number, Transfer::State state);

    /// It goes on as another: nothing of it is remembered.
    void forget(std::uint64_t number);

    /// What has come: all is over by then.
    void arrived(Offer const& offer, std::string_view route);
    void broken_off(Offer const& offer, std::uint64_t have, std::string reason);
    void refused(Offer const& offer, std::string reason);

    /// From an earlier run; the oldest first.
    void restore(std::vector<Transfer> const& history);

    /// Called with each that is over.
    void on_over(std::function<void(Transfer const&)> over) { over_ = std::move(over); }

    /// The oldest first.
    std::deque<Transfer> const& all() const { return transfers_; }

private:
    Transfer coming(Offer const& offer) const;
    void add_over(Transfer transfer);
    void keep_within(std::size_t most, bool refused);
    void tell(Transfer const& transfer);

    Identity const& identity_;
    Clock const& clock_;
    std::deque<Transfer> transfers_;
    std::function<void(Transfer const&)> over_;
    std::uint64_t last_number_ = 0;
};

}  // namespace satchel::node
