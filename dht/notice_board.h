// Keeps pull notices alive for those who wait to be asked: leaves a fresh message at the
// receiver's inbox before the last one ends, until it is withdrawn or its offer has expired.
#pragma once

#include <chrono>
#include <map>
#include <memory>

#include "dht/location_service.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/randomness.h"
#include "src/base/worker_pool.h"
#include "src/core/pull_notice.h"

namespace satchel::location {

struct NoticeBoardOptions {
    std::chrono::milliseconds period = std::chrono::minutes(12);  ///< of the 15 that one lives
    std::chrono::milliseconds retry = std::chrono::seconds(10);   ///< after a put that failed
    std::size_t notices_max = 1'024;
    /// At one receiver at a time; the others wait their turn. A storing node keeps 8 of a source,
    /// and of each notice two may lie there.
    std::size_t live_per_receiver = 4;
};

/// Owner's thread.
class NoticeBoard {
public:
    /// `randomness` is used on the workers' threads, too. All references outlive the board, and the
    /// board outlives its io_context's last run.
    NoticeBoard(asio::io_context& owner, LocationService& service, WorkerPool& workers,
                Clock const& clock, Randomness& randomness, EventLog const& log,
                NoticeBoardOptions options = {});
    ~NoticeBoard();

    NoticeBoard(NoticeBoard const&) = delete;
    NoticeBoard& operator=(NoticeBoard const&) = delete;

    /// Replaces what was announced for the same offer. Fault::refused: there are too many already.
    /// Other faults: as seal_notice() and encode_pull_notice() say.
    Status announce(NodeKey const& to, PullNotice notice);

    /// What is out there lives on for up to 15 minutes.
    void withdraw(OfferId const& offer);

    std::size_t size() const { return posted_.size(); }

    /// Idempotent.
    void stop();

private:
    struct Posted;
    using Ticks = std::chrono::steady_clock::time_point;

    asio::awaitable<void> keep_alive(std::shared_ptr<Posted> posted);
    /// One message; gives the time until the next.
    asio::awaitable<std::chrono::milliseconds> post(std::shared_ptr<Posted> posted);
    bool has_turn(Posted& posted) const;
    double chance();  ///< in [0, 1)

    asio::io_context& owner_;
    LocationService& service_;
    WorkerPool& workers_;
    Clock const& clock_;
    Randomness& randomness_;
    EventLog const& log_;
    NoticeBoardOptions options_;
    std::map<OfferId, std::shared_ptr<Posted>> posted_;
};

}  // namespace satchel::location
