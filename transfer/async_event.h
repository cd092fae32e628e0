// Something that coroutines of one thread wait for: once set, it stays set
// until it is cleared.
#pragma once

#include "src/base/asio.h"

namespace satchel::transfer {

class AsyncEvent {
public:
    explicit AsyncEvent(asio::any_io_executor const& executor);

    bool is_set() const { return set_; }

    void set();

    /// To be used once more; nobody may be waiting.
    void clear() { set_ = false; }

    /// The event must outlive those who wait.
    asio::awaitable<void> wait();

    /// True if it was set in time.
    asio::awaitable<bool> wait_for(std::chrono::milliseconds patience);

private:
    bool set_ = false;
    asio::steady_timer timer_;
};

}  // namespace satchel::transfer
