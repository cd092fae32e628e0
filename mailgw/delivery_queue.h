// The threads that deliver what is in the spool: each takes a message that is due and that nobody
// else works at.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "mailgw/spool.h"
#include "src/base/clock.h"
#include "src/base/event_log.h"
#include "src/base/result.h"

namespace satchel::mailgw {

/// What one thread works with.
class DeliveryWorker {
public:
    virtual ~DeliveryWorker() = default;
    virtual Status attempt(std::string const& id) = 0;
    /// Nothing is due.
    virtual void rest() = 0;
};

class DeliveryQueue {
public:
    DeliveryQueue(Spool& spool, EventLog const& log)
        : spool_(spool)
        , log_(log) {}

    /// As stop().
    ~DeliveryQueue() { stop(); }

    using MakeWorker = std::function<std::unique_ptr<DeliveryWorker>()>;
    void start(unsigned threads, MakeWorker const& make_worker);

    /// There may be something new to do.
    void wake();

    /// Whoever delivers a message apart from these threads claims it first; it must not be claimed
    /// already.
    void claim(std::string const& id);
    /// False where somebody has it.
    bool try_claim(std::string const& id);
    void release(std::string const& id);

    /// Ends after the attempts under way.
    void stop();

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    void work(DeliveryWorker& worker);
    std::string take_due();

    Spool& spool_;
    EventLog const& log_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> claimed_;
    std::map<std::string, SteadyTime> held_back_;  ///< after the spool itself failed us
    std::uint64_t wakes_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace satchel::mailgw
