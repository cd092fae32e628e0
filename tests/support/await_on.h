// Runs a coroutine on an io_context from a test, with a deadline instead of luck.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>

#include "src/base/asio.h"

namespace satchel::testing {

/// The test's line that waits: whatever waits for it takes one, and hands it on.
using CallerLine = std::source_location;

inline constexpr std::chrono::seconds usual_deadline{15};

/// Runs `io` until `true_at_last` holds. Throws after `deadline`, which fails the test.
inline void run_until(asio::io_context& io, std::function<bool()> const& true_at_last,
                      std::chrono::milliseconds deadline = usual_deadline,
                      CallerLine const& caller = CallerLine::current()) {
    auto const end = std::chrono::steady_clock::now() + deadline;
    while (!true_at_last()) {
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error(std::string(caller.file_name()) + ":" +
                                     std::to_string(caller.line()) + ": waited in vain for " +
                                     std::to_string(deadline.count()) + " ms");
        }
        io.restart();
        io.run_one_for(std::chrono::milliseconds(20));
    }
}

/// Awaits `work` and leaves its result where it outlives both.
template <class T>
asio::awaitable<void> keep_result(asio::awaitable<T> work, std::shared_ptr<std::optional<T>> to) {
    to->emplace(co_await std::move(work));
}

/// The result of `work`; what it throws is thrown here.
template <class T>
T await_on(asio::io_context& io, asio::awaitable<T> work,
           std::chrono::milliseconds deadline = usual_deadline,
           CallerLine const& caller = CallerLine::current()) {
    // Shared: after a deadline the coroutine still lives in `io`.
    auto const result = std::make_shared<std::optional<T>>();
    auto const thrown = std::make_shared<std::exception_ptr>();
    asio::co_spawn(io, keep_result(std::move(work), result),
                   [thrown](std::exception_ptr error) { *thrown = error; });
    run_until(
        io, [&] { return result->has_value() || *thrown; }, deadline, caller);
    if (*thrown) std::rethrow_exception(*thrown);
    return std::move(**result);
}

}  // namespace satchel::testing
