// Works on batches in their order while the next ones are made: on a thread of its own, which
// starts with the first one.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "src/base/result.h"

namespace satchel::transfer {

template <class Batch>
class Background {
public:
    /// It must not throw. What it refers to must live as long as this.
    using Work = std::function<Status(Batch& batch)>;

    /// `waiting_max`: batches that may wait beside the one that is worked on.
    Background(Work work, std::size_t waiting_max)
        : work_(std::move(work))
        , waiting_max_(waiting_max) {}

    Background(Background const&) = delete;
    Background& operator=(Background const&) = delete;

    ~Background() { static_cast<void>(finish()); }

    /// Takes the batch, when there is room, and leaves one that was used before in its place, or an
    /// empty one. The failure may be that of an earlier batch, behind which none is worked on.
    Status pass_on(Batch& batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_.size() < waiting_max_; });
        if (!status_) return status_;
        waiting_.push_back(std::exchange(batch, {}));
        if (!used_.empty()) {
            batch = std::move(used_.back());
            used_.pop_back();
        }
        changed_.notify_one();
        if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
        return {};
    }

    /// All that was passed on is done. Nothing can be passed on any more.
    Status finish() {
        if (thread_.joinable()) {
            {
                std::lock_guard const lock(mutex_);
                ended_ = true;
            }
            changed_.notify_one();
            thread_.join();
        }
        return status_;
    }

private:
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
            if (waiting_.empty()) return;
            Batch batch = std::move(waiting_.front());
            waiting_.pop_front();
            changed_.notify_one();
            bool const wanted = status_.has_value();
            lock.unlock();
            Status done = wanted ? work_(batch) : Status();
            lock.lock();
            if (status_) status_ = std::move(done);
            used_.push_back(std::move(batch));
        }
    }

    Work work_;
    std::size_t const waiting_max_;
    std::mutex mutex_;  ///< guards what follows
    std::condition_variable changed_;
    std::deque<Batch> waiting_;
    std::vector<Batch> used_;
    bool ended_ = false;
    Status status_;
    std::thread thread_;
};

}  // namespace satchel::transfer
