// The recipients of one deposit, waited for until it is clear who of them gets the blob together
// with others (route swarm): they must be known all at once.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "src/node/blob_carrier.h"
#include "transfer/async_event.h"

namespace satchel::node {

/// Owner's thread. It outlives its seats.
class SwarmGathering : public std::enable_shared_from_this<SwarmGathering> {
public:
    /// `blob` outlives all seats, and is made by the time somebody joins.
    /// `seats` recipients are looked up side by side; none: nobody is waited for.
    SwarmGathering(asio::io_context& owner, BlobCarrier& carrier, CarriedBlob const& blob,
                   std::size_t seats);

    /// So many recipients as may wait for each other; 0 where no swarm is possible.
    static std::size_t seats_for(BlobCarrier const& carrier, std::uint64_t blob_bytes,
                                 std::size_t recipients);

    /// One recipient's place. Dropping it tells the others not to wait.
    class Seat {
    public:
        explicit Seat(SwarmGathering& at)
            : at_(&at) {}

        Seat(Seat&& other) noexcept
            : at_(std::exchange(other.at_, nullptr)) {}

        Seat& operator=(Seat&&) = delete;

        ~Seat() {
            if (at_ != nullptr) at_->settle_seat();
        }

    private:
        SwarmGathering* at_;
    };

    Seat seat() { return Seat(*this); }

    /// Waits for the others, a few seconds at most, and then for nobody. None: it is to be brought
    /// by itself, to whichever node. Where the swarm did not bring it, the direct route has gone on
    /// with what came.
    asio::awaitable<std::optional<Result<transfer::Delivered>>> join(
        Seat seat, CarryOrder order, std::vector<NodeReport> const& nodes);

private:
    void settle_seat();
    void decide();
    asio::awaitable<void> decide_in_time();
    asio::awaitable<void> carry();

    asio::io_context& owner_;
    BlobCarrier& carrier_;
    CarriedBlob const& blob_;
    std::size_t open_seats_;
    std::deque<SharedCarry> shares_;  ///< they stay where they are
    transfer::AsyncEvent decided_;
    bool together_ = false;
};

}  // namespace satchel::node
