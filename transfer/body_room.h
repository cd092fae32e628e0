// Memory for the longer bodies among those that are read whole, shared by all connections of a
// server: a thousand callers who announce much, and send little of it, cost no more than a few.
// Owner's thread.
#pragma once

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
        std::string caller;     ///< who shares `BodyRoomLimits::bytes_per_caller`: see caller_of()
        std::size_t bytes = 0;  ///< more than one caller may have counts as that
        /// Ends the reading, though not before it returns. Called at most once, and never after
        /// Share::arrived().
        std::function<void()> cut_off;
    };

    /// Room for one body, for as long as this lives.
    class Share {
    public:
        Share() = default;

        /// Some more of the body has come.
        void note();

        /// All of it has: what takes long from here on is not the caller's fault.
        void arrived();

    private:
        friend class BodyRoom;
        struct Place;

        explicit Share(std::shared_ptr<Place> place);

        std::shared_ptr<Place> place_;  ///< none where none was needed
    };

    BodyRoom(asio::any_io_executor const& executor, BodyRoomLimits const& limits);
    ~BodyRoom();

    /// Waits until there is room. Who came last is served first, since of those who have waited
    /// long most only waste our time; and bodies that have stalled are cut off where that makes
    /// room. Nothing: no room in time, or stopped.
    asio::awaitable<std::optional<Share>> take(Claim claim);

    /// Ends all waiting.
    void stop();

private:
    struct State;

    std::shared_ptr<State> state_;
};

}  // namespace satchel::transfer
