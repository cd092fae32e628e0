#include "transfer/socket_deadline.h"

#include <algorithm>

namespace satchel::transfer {

using SteadyClock = std::chrono::steady_clock;

struct SocketDeadline::State : std::enable_shared_from_this<SocketDeadline::State> {
    explicit State(asio::ip::tcp::socket& to_close)
        : socket(&to_close)
        , timer(to_close.get_executor()) {}

    asio::ip::tcp::socket* socket;  ///< null once its owner is gone
    asio::steady_timer timer;
    SteadyClock::time_point deadline = SteadyClock::time_point::max();
    SteadyClock::time_point armed_for = SteadyClock::time_point::max();
    bool expired = false;

    std::uint64_t const* moved = nullptr;  ///< null: the deadline stands
    Pace pace;
    std::uint64_t moved_before = 0;  ///< bytes, at `since`
    SteadyClock::time_point since;   ///< enough had come

    std::chrono::milliseconds look_again() const { return pace.patience / 8; }

    /// Is it going on? Looks again in a while, then.
    bool goes_on() {
        if (moved == nullptr) return false;
        auto const now = SteadyClock::now();
        // Whoever looks as late as that was away itself: nobody else is to blame.
        bool const away = now > deadline + look_again();
        if (away || *moved - moved_before >= pace.bytes_min) {
            moved_before = *moved;
            since = now;
        }
        if (now - since >= pace.patience) return false;
        deadline = std::min(now + look_again(), since + pace.patience);
        return true;
    }

    void arm() {
        armed_for = deadline;
        timer.expires_at(deadline);
        timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error) self->look();
        });
    }

    void look() {
        if (socket == nullptr) return;
        armed_for = SteadyClock::time_point::max();
        if (deadline == SteadyClock::time_point::max()) return;
        if (SteadyClock::now() < deadline || goes_on()) return arm();
        expired = true;
        boost::system::error_code ignored;
        socket->close(ignored);
    }
};

SocketDeadline::SocketDeadline(asio::ip::tcp::socket& socket)
    : state_(std::make_shared<State>(socket)) {}

SocketDeadline::~SocketDeadline() {
    state_->socket = nullptr;
    state_->timer.cancel();
}

void SocketDeadline::expires_after(std::chrono::milliseconds patience) {
    state_->moved = nullptr;
    state_->deadline = SteadyClock::now() + patience;
    if (state_->deadline < state_->armed_for) state_->arm();
}

void SocketDeadline::expires_unless(std::uint64_t const& moved, Pace const& pace) {
    state_->moved = &moved;
    state_->pace = pace;
    state_->moved_before = moved;
    state_->since = SteadyClock::now();
    state_->deadline = state_->since + state_->look_again();
    if (state_->deadline < state_->armed_for) state_->arm();
}

void SocketDeadline::suspend() {
    state_->deadline = SteadyClock::time_point::max();
}

bool SocketDeadline::expired() const {
    return state_->expired;
}

}  // namespace satchel::transfer
