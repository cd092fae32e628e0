// Stands between two ends of a connection, and lets what the far one says through slowly, or as far
// as a test wants, and then not at all.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "src/base/asio_ssl.h"
#include "src/core/endpoint.h"

namespace satchel::testing {

/// Of what goes to the dialler, as it travels: with all that TLS adds.
struct SlowLine {
    std::uint64_t freely = 0;            ///< bytes, at the beginning
    std::size_t then = 0;                ///< bytes at a time; 0: silence
    std::chrono::milliseconds every{1};  ///< one time and the next
};

class SlowProxy {
public:
    /// The first `slow` connections are such lines; later ones are as they should be.
    SlowProxy(asio::io_context& io, Endpoint target, SlowLine line, int slow)
        : state_(std::make_shared<State>(io, std::move(target), line, slow)) {
        asio::co_spawn(io, accept(state_), asio::detached);
    }

    SlowProxy(SlowProxy const&) = delete;
    SlowProxy& operator=(SlowProxy const&) = delete;

    ~SlowProxy() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        state_->over = true;
        for (auto const& weak : state_->lines)
            if (auto const line = weak.lock()) line->close();
    }

    Endpoint endpoint() const { return {"127.0.0.1", state_->acceptor.local_endpoint().port()}; }

    int connections() const { return static_cast<int>(state_->lines.size()); }

    /// To the dialler, all connections together.
    std::uint64_t brought() const { return state_->brought; }

    /// How often the dialler has spoken after the other side: round trips.
    int turns() const { return state_->turns; }

private:
    using tcp = asio::ip::tcp;

    struct Line {
        explicit Line(asio::io_context& io)
            : near(io)
            , far(io)
            , timer(io) {}

        void close() {
            boost::system::error_code ignored;
            near.close(ignored);
            far.close(ignored);
            timer.cancel();
        }

        tcp::socket near;
        tcp::socket far;
        asio::steady_timer timer;
        bool heard = true;  ///< something, since the dialler spoke
    };

    struct State {
        State(asio::io_context& context, Endpoint to, SlowLine kind, int how_many)
            : io(context)
            , acceptor(context, {asio::ip::address_v4::loopback(), 0})
            , target(std::move(to))
            , slow_line(kind)
            , slow(how_many) {}

        asio::io_context& io;
        tcp::acceptor acceptor;
        Endpoint target;
        SlowLine slow_line;
        int slow;
        std::vector<std::weak_ptr<Line>> lines;
        std::uint64_t brought = 0;
        int turns = 0;
        bool over = false;
    };

    using StatePtr = std::shared_ptr<State>;
    using LinePtr = std::shared_ptr<Line>;

    static asio::awaitable<void> accept(StatePtr state) {
        for (;;) {
            auto line = std::make_shared<Line>(state->io);
            boost::system::error_code error;
            co_await state->acceptor.async_accept(line->near,
                                                  asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            line->far.connect({asio::ip::make_address(state->target.ip), state->target.port});
            bool const slow = static_cast<int>(state->lines.size()) < state->slow;
            state->lines.push_back(line);
            asio::co_spawn(state->io, pass(state, line), asio::detached);
            asio::co_spawn(state->io, bring(state, line, slow), asio::detached);
        }
    }

    /// What the dialler says.
    static asio::awaitable<void> pass(StatePtr state, LinePtr line) {
        auto buffer = std::make_unique<std::array<char, 64 * 1024>>();
        boost::system::error_code error;
        while (!error) {
            auto const count = co_await line->near.async_read_some(
                asio::buffer(*buffer), asio::redirect_error(asio::use_awaitable, error));
            if (error) break;
            if (std::exchange(line->heard, false)) ++state->turns;
            co_await asio::async_write(line->far, asio::buffer(buffer->data(), count),
                                       asio::redirect_error(asio::use_awaitable, error));
        }
        line->close();
    }

    /// What it is told.
    static asio::awaitable<void> bring(StatePtr state, LinePtr line, bool slow) {
        auto buffer = std::make_unique<std::array<char, 64 * 1024>>();
        boost::system::error_code error;
        std::uint64_t so_far = 0;
        SlowLine const& kind = state->slow_line;
        while (!error && !state->over) {
            std::size_t room = buffer->size();
            if (slow && so_far < kind.freely)
                room =
                    static_cast<std::size_t>(std::min<std::uint64_t>(room, kind.freely - so_far));
            if (slow && so_far >= kind.freely) {
                // Silent, but not gone: for as long as the dialler likes.
                auto const never = std::chrono::hours(1);
                line->timer.expires_after(kind.then == 0 ? never : kind.every);
                boost::system::error_code ended;
                co_await line->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
                room = std::max<std::size_t>(kind.then, 1);
            }
            auto const count = co_await line->far.async_read_some(
                asio::buffer(buffer->data(), room),
                asio::redirect_error(asio::use_awaitable, error));
            if (error) break;
            co_await asio::async_write(line->near, asio::buffer(buffer->data(), count),
                                       asio::redirect_error(asio::use_awaitable, error));
            so_far += count;
            line->heard = true;
            state->brought += count;
        }
        line->close();
    }

    StatePtr state_;
};

}  // namespace satchel::testing
