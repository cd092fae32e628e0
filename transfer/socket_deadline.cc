#include "transfer/socket_deadline.h"

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
        if (SteadyClock::now() < deadline) return arm();
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
    state_->deadline = SteadyClock::now() + patience;
    if (state_->deadline < state_->armed_for) state_->arm();
}

void SocketDeadline::suspend() {
    state_->deadline = SteadyClock::time_point::max();
}

bool SocketDeadline::expired() const {
    return state_->expired;
}

}  // namespace satchel::transfer
