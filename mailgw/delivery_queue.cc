#include "mailgw/delivery_queue.h"

#include <algorithm>

namespace satchel::mailgw {

namespace {

using namespace std::chrono_literals;

constexpr auto look_again_after = 1s;  // while something waits for its time
constexpr auto hold_back_after_error = 10s;

}  // namespace

void DeliveryQueue::start(unsigned threads, MakeWorker const& make_worker) {
    for (unsigned i = 0; i < threads; ++i) {
        threads_.emplace_back([this, make_worker] {
            auto const worker = make_worker();
            work(*worker);
        });
    }
}

void DeliveryQueue::wake() {
    std::lock_guard const guard(mutex_);
    ++wakes_;
    changed_.notify_one();
}

void DeliveryQueue::claim(std::string const& id) {
    std::lock_guard const guard(mutex_);
    claimed_.insert(id);
}

bool DeliveryQueue::try_claim(std::string const& id) {
    std::lock_guard const guard(mutex_);
    return claimed_.insert(id).second;
}

void DeliveryQueue::release(std::string const& id) {
    std::lock_guard const guard(mutex_);
    claimed_.erase(id);
    ++wakes_;
    changed_.notify_one();
}

std::string DeliveryQueue::take_due() {
    // Enough to find one that is free, whatever is claimed or held back.
    auto const due = spool_.due(claimed_.size() + held_back_.size() + 1);
    if (!due) {
        log_.error("queue_unreadable", {{"reason", due.error().what}});
        return {};
    }
    auto const now = std::chrono::steady_clock::now();
    std::erase_if(held_back_, [&](auto const& entry) { return entry.second <= now; });
    for (std::string const& id : *due) {
        if (held_back_.contains(id) || !claimed_.insert(id).second) continue;
        return id;
    }
    return {};
}

void DeliveryQueue::work(DeliveryWorker& worker) {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        auto const seen = wakes_;
        auto const id = take_due();
        if (id.empty()) {
            lock.unlock();
            worker.rest();
            lock.lock();
            changed_.wait_for(lock, look_again_after, [&] { return stopping_ || wakes_ != seen; });
            continue;
        }
        lock.unlock();
        auto const done = worker.attempt(id);
        lock.lock();
        claimed_.erase(id);
        if (!done && !stopping_) {
            log_.error("delivery_broken", {{"id", id}, {"reason", done.error().what}});
            held_back_[id] = std::chrono::steady_clock::now() + hold_back_after_error;
        }
    }
}

void DeliveryQueue::stop() {
    {
        std::lock_guard const guard(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
}

}  // namespace satchel::mailgw
