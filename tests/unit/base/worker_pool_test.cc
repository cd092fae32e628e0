#include "src/base/worker_pool.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace satchel;

TEST_CASE("worker_pool: works elsewhere, delivers on the owner's thread") {
    asio::io_context owner;
    WorkerPool pool(owner, 2);
    auto const here = std::this_thread::get_id();
    std::vector<int> results;
    for (int i = 0; i < 100; ++i) {
        pool.run([i, here] { return std::pair(i, std::this_thread::get_id() != here); },
                 [&results, here](std::pair<int, bool> result) {
                     CHECK(result.second);
                     CHECK(std::this_thread::get_id() == here);
                     results.push_back(result.first);
                 });
    }
    // Returns when the last result is in: a job that runs keeps the owner busy.
    owner.run();
    REQUIRE(results.size() == 100);
    std::sort(results.begin(), results.end());
    CHECK(results.front() == 0);
    CHECK(results.back() == 99);
}

TEST_CASE("worker_pool: results that only move") {
    asio::io_context owner;
    WorkerPool pool(owner, 1);
    std::string got;
    pool.run([] { return std::make_unique<std::string>("moved"); },
             [&got, token = std::make_unique<int>(1)](std::unique_ptr<std::string> text) {
                 got = *text + std::to_string(*token);
             });
    owner.run();
    CHECK(got == "moved1");
}

namespace {

asio::awaitable<void> add_up(WorkerPool& pool, std::thread::id here, int& sum) {
    for (int i = 1; i <= 10; ++i) {
        auto work = [i] { return i; };
        sum += co_await pool.await(work);
        CHECK(std::this_thread::get_id() == here);
    }
}

}  // namespace

TEST_CASE("worker_pool: a coroutine goes on where it was") {
    asio::io_context owner;
    WorkerPool pool(owner, 2);
    int sum = 0;
    asio::co_spawn(owner, add_up(pool, std::this_thread::get_id(), sum), asio::detached);
    owner.run();
    CHECK(sum == 55);
}

TEST_CASE("worker_pool: ends with work undone, and drops it") {
    asio::io_context owner;
    std::atomic<int> begun = 0;
    int delivered = 0;
    auto const token = std::make_shared<int>(0);
    {
        WorkerPool pool(owner, 1);
        for (int i = 0; i < 1'000; ++i) {
            pool.run([&begun, token] { return ++begun; },
                     [&delivered, token](int) { ++delivered; });
        }
    }
    int const ran = begun;
    owner.run();
    CHECK(delivered == ran);
    CHECK(token.use_count() == 1);
}
