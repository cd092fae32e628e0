// Closes a socket when its time is up. Moving the deadline costs a store, not a timer operation.
#pragma once

#include <chrono>
#include <memory>

#include "src/base/asio.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

class SocketDeadline {
public:
    /// `socket` must live as long as this.
    explicit SocketDeadline(asio::ip::tcp::socket& socket);
    SocketDeadline(SocketDeadline const&) = delete;
    SocketDeadline& operator=(SocketDeadline const&) = delete;
    ~SocketDeadline();

    void expires_after(std::chrono::milliseconds patience);

    /// Bytes must come at this pace; `moved` counts them, and lives as long as the socket. Also
    /// where nothing comes at all, that is noticed within patience and an eighth.
    void expires_unless(std::uint64_t const& moved, Pace const& pace);

    /// While we ourselves are the slow ones.
    void suspend();

    /// The socket was closed because its time was up.
    bool expired() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
