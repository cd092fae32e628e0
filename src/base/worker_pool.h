// Heavy work away from the thread that owns the state; the result comes back to that thread.
#pragma once

#include <memory>
#include <type_traits>

#include <boost/asio/thread_pool.hpp>

#include "src/base/asio.h"

namespace satchel {

class WorkerPool {
public:
    /// `owner` is where results are delivered; it must outlive the pool.
    WorkerPool(asio::io_context& owner, unsigned threads);

    WorkerPool(WorkerPool const&) = delete;
    WorkerPool& operator=(WorkerPool const&) = delete;

    ~WorkerPool();

    /// Finishes what runs, drops what waits; nothing runs any more. For an owner whose work uses
    /// what would go before this.
    void finish();

    /// Runs `work` on some thread of the pool, then `done` with its result on the owner's thread.
    template <class Work, class Done>
    void run(Work work, Done done) {
        asio::post(pool_, [this, guard = asio::make_work_guard(owner_), work = std::move(work),
                           done = std::move(done)]() mutable {
            // What the work holds is let go before anybody hears of its end.
            auto result = [once = std::move(work)]() mutable { return once(); }();
            asio::post(owner_, [done = std::move(done), result = std::move(result)]() mutable {
                done(std::move(result));
            });
        });
    }

    /// For coroutines that run on `owner`: does `work` in the pool, and resumes on `owner` with its
    /// result.
    template <class Work>
    asio::awaitable<std::invoke_result_t<Work>> await(Work work) {
        using T = std::invoke_result_t<Work>;
        return asio::async_initiate<asio::use_awaitable_t<> const, void(T)>(
            [this](auto handler, Work task) {
                // Handlers move only; std::function would want copies.
                auto shared = std::make_shared<decltype(handler)>(std::move(handler));
                this->run(std::move(task), [shared](T result) { (*shared)(std::move(result)); });
            },
            asio::use_awaitable, std::move(work));
    }

private:
    asio::io_context& owner_;
    asio::thread_pool pool_;
};

}  // namespace satchel
