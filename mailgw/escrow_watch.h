// Follows the attachments that wait in escrow: takes receipts into the spool, finds out what was
// lost, and lets go of what nobody waits for any more.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "mailgw/delivery_queue.h"
#include "mailgw/escrow_depot.h"
#include "mailgw/spool.h"
#include "src/base/event_log.h"
#include "src/base/result.h"

namespace satchel::mailgw {

class EscrowWatch {
public:
    EscrowWatch(Spool& spool, DeliveryQueue& queue, EventLog const& log)
        : spool_(spool)
        , queue_(queue)
        , log_(log) {}

    /// As stop().
    ~EscrowWatch() { stop(); }

    /// A round now, and then one after the other in a thread of its own.
    void start(std::function<std::unique_ptr<EscrowDepot>()> make_depot);

    /// Something may be new.
    void wake();

    /// Ends after the round under way.
    void stop();

    /// Asks about everything once. Messages that are being delivered are left for the next round.
    /// Gives the number of tickets that still wait.
    Result<std::size_t> round(EscrowDepot& depot);

private:
    void work(EscrowDepot& depot);
    void take(std::vector<EscrowedPart> const& parts, std::vector<EscrowReport> const& reports);
    Status take_message(std::string const& id, std::vector<EscrowedPart> const& parts,
                        std::vector<EscrowReport> const& reports);
    Status release_ended(EscrowDepot& depot);

    Spool& spool_;
    DeliveryQueue& queue_;
    EventLog const& log_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t wakes_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace satchel::mailgw
