#include "transfer/relay_desk.h"

#include <algorithm>
#include <optional>

#include "transfer/async_event.h"

namespace satchel::transfer {

using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;

}  // namespace

struct RelayDesk::Meeting {
    Meeting(asio::any_io_executor const& executor, Parties who)
        : parties(std::move(who))
        , complete(executor)
        , over(executor)
        , silence(executor) {}

    Parties parties;
    std::optional<tcp::socket> dialler;
    std::optional<tcp::socket> listener;
    AsyncEvent complete;  ///< both are there
    AsyncEvent over;
    asio::steady_timer silence;
    SteadyClock::time_point last_word = SteadyClock::now();

    std::optional<tcp::socket>& side(RelaySide which) {
        return which == RelaySide::dialler ? dialler : listener;
    }

    void end() {
        error_code ignored;
        if (dialler) dialler->close(ignored);
        if (listener) listener->close(ignored);
        complete.set();
        over.set();
        silence.cancel();
    }
};

RelayDesk::RelayDesk(asio::io_context& owner, RelayLimits const& limits,
                     std::shared_ptr<Traffic> traffic)
    : owner_(owner)
    , limits_(limits)
    , traffic_(std::move(traffic)) {}

RelayDesk::~RelayDesk() = default;

bool RelayDesk::has_room_for(Parties const& parties) const {
    std::size_t of_caller = 0;
    std::size_t of_address = 0;
    std::size_t of_called = 0;
    for (auto const& [token, meeting] : meetings_) {
        Parties const& others = meeting->parties;
        if (others.caller == parties.caller) ++of_caller;
        if (others.caller_ip == parties.caller_ip) ++of_address;
        if (others.called == parties.called) ++of_called;
    }
    return meetings_.size() < limits_.meetings && of_caller < limits_.meetings_per_caller &&
           of_address < limits_.meetings_per_address && of_called < limits_.meetings_per_called;
}

/// Tokens that neither side came with.
void RelayDesk::sweep() {
    auto const oldest = SteadyClock::now() - limits_.meet;
    std::erase_if(meetings_, [&](auto const& entry) {
        Meeting const& meeting = *entry.second;
        return !meeting.dialler && !meeting.listener && meeting.last_word < oldest;
    });
}

Result<RelayToken> RelayDesk::open(Parties parties) {
    sweep();
    if (stopped_ || !has_room_for(parties))
        return fail(Fault::unavailable, "too many meet here already; later may do");
    RelayToken const token{chance_.array<32>()};
    meetings_.emplace(token, std::make_shared<Meeting>(owner_.get_executor(), std::move(parties)));
    return token;
}

void RelayDesk::close(RelayToken const& token) {
    auto const found = meetings_.find(token);
    if (found == meetings_.end()) return;
    found->second->end();
    meetings_.erase(found);
}

asio::awaitable<void> RelayDesk::take(tcp::socket socket, RelayGreeting greeting) {
    sweep();
    auto const found = meetings_.find(greeting.token);
    if (found == meetings_.end() || stopped_) co_return;
    auto const meeting = found->second;
    auto& place = meeting->side(greeting.side);
    if (place) co_return;
    place.emplace(std::move(socket));
    if (meeting->dialler && meeting->listener) {
        meeting->complete.set();
        co_await hold(meeting);
    } else if (co_await meeting->complete.wait_for(limits_.meet)) {
        co_await meeting->over.wait();
    }
    close(greeting.token);
}

/// From the moment when both are there. The one that came last stays with it.
asio::awaitable<void> RelayDesk::hold(std::shared_ptr<Meeting> meeting) {
    asio::co_spawn(owner_, pass(meeting, RelaySide::dialler), asio::detached);
    asio::co_spawn(owner_, pass(meeting, RelaySide::listener), asio::detached);
    meeting->last_word = SteadyClock::now();
    error_code ignored;
    auto const idle = limits_.idle;
    while (!meeting->over.is_set() && SteadyClock::now() < meeting->last_word + idle) {
        meeting->silence.expires_at(meeting->last_word + idle);
        co_await meeting->silence.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    meeting->end();
}

/// Says that the other one is there, and then what that one says.
asio::awaitable<void> RelayDesk::pass(std::shared_ptr<Meeting> meeting, RelaySide from) {
    tcp::socket& source = *meeting->side(from);
    tcp::socket& sink =
        *meeting->side(from == RelaySide::dialler ? RelaySide::listener : RelaySide::dialler);
    auto const traffic = traffic_;
    Bytes buffer(chunk_bytes);
    error_code error;
    buffer.front() = relay_joined;
    std::size_t count = 1;
    while (!error && !meeting->over.is_set()) {
        co_await asio::async_write(sink, asio::buffer(buffer.data(), count),
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        count = co_await source.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                                                asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        meeting->last_word = SteadyClock::now();
        passed_bytes_ += count;
        co_await traffic->pass(Traffic::Way::up, count,
                               [&meeting] { return !meeting->over.is_set(); });
    }
    // With one way closed, TLS has nothing more to say on the other.
    meeting->end();
}

void RelayDesk::stop() {
    stopped_ = true;
    for (auto const& [token, meeting] : meetings_)
        meeting->end();
}

}  // namespace satchel::transfer
