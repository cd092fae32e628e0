// Memory for the bodies of requests that are read whole, shared by all connections of a server: a
// thousand callers who announce much, and send little of it, cost no more than a few. Owner's
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "src/base/asio.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

class BodyRoom {
public:
    /// One body that wants to be read.
    struct Claim {
        std::string caller;  ///< who shares `BodyRoomLimits::bytes_per_caller`: see caller_of()
        std::size_t bytes = 0;
        /// Ends the reading, though not before it returns. Called at most once, and never after
        /// Share::keep().
        std::function<void()> cut_off;
    };

    /// Room for one body, for as long as this lives.
    class Share {
    public:
        Share() = default;
        Share(Share&&) noexcept = default;
        Share& operator=(Share&&) noexcept = default;
        ~Share();

        /// The body is there: it is nobody's fault any more how long this takes.
        void keep();

    private:
        friend class BodyRoom;
        struct Entry;

        explicit Share(std::shared_ptr<Entry> entry);

        std::shared_ptr<Entry> entry_;
    };

    BodyRoom(asio::any_io_executor const& executor, BodyRoomLimits const& limits);
    ~BodyRoom();

    /// Waits until there is room: who came last is served first, since among those who have waited
    /// long most only waste our time, and a body whose reading takes longer than a short while is
    /// cut off for those who wait. A body larger than all the room is read alone. Nothing: no room
    /// in time, or too many who came later.
    asio::awaitable<std::optional<Share>> take(Claim claim);

private:
    struct State;

    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
