// Waits for a coroutine, but not for ever.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "dht/wake_up.h"
#include "src/base/asio.h"

namespace satchel::node {

/// `task` goes on after `patience`: what it refers to must outlive the io_context's run.
inline asio::awaitable<void> wait_within(asio::io_context& owner,
                                         std::chrono::milliseconds patience,
                                         std::function<asio::awaitable<void>()> task) {
    struct Run {
        explicit Run(asio::any_io_executor const& executor)
            : ended(executor) {}

        bool done = false;
        location::WakeUp ended;
    };

    auto const run = std::make_shared<Run>(owner.get_executor());
    auto follow = [](std::shared_ptr<Run> its,
                     std::function<asio::awaitable<void>()> work) -> asio::awaitable<void> {
        co_await work();
        its->done = true;
        its->ended.notify();
    };
    asio::co_spawn(owner, follow(run, std::move(task)), asio::detached);
    if (!run->done) co_await run->ended.wait_for(patience);
}

}  // namespace satchel::node
