// Stands between two ends of connections, and lets through what a test wants: SlowProxy and
// HarmingProxy say what that is.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tests/support/loopback_listener.h"

namespace satchel::testing {

class Relay {
public:
    using tcp = asio::ip::tcp;

    static constexpr std::size_t at_once = 64 * 1024;

    enum class Way { out, back };  ///< what the dialler says, and what it is told

    struct Line {
        Line(asio::io_context& io, tcp::socket dialler)
            : near(std::move(dialler))
            , far(io)
            , pause(io) {}

        void close() {
            boost::system::error_code ignored;
            near.close(ignored);
            far.close(ignored);
            pause.cancel();
        }

        tcp::socket near;          ///< the dialler's end
        tcp::socket far;           ///< the listener's
        asio::steady_timer pause;  ///< for whoever lets it wait: over when the line is
    };

    using LinePtr = std::shared_ptr<Line>;

    /// What is asked in one direction of a line. All of it may outlive the relay.
    struct Rule {
        /// Bytes that may come next, at most `at_once`; 0 ends the line.
        std::function<asio::awaitable<std::size_t>()> room;
        /// Sees and may change what has come. False ends the line, and it goes nowhere.
        std::function<bool(std::span<char>)> pass;
    };

    /// `begin` gets each line, once it stands to both ends.
    Relay(asio::io_context& io, Endpoint const& target, std::function<void(LinePtr)> begin)
        : lines_(std::make_shared<std::vector<std::weak_ptr<Line>>>())
        , listener_(io, [&io, target, begin = std::move(begin), lines = lines_](tcp::socket near) {
            auto line = std::make_shared<Line>(io, std::move(near));
            line->far.connect({asio::ip::make_address(target.ip), target.port});
            lines->push_back(line);
            begin(line);
        }) {}

    Relay(Relay const&) = delete;
    Relay& operator=(Relay const&) = delete;

    ~Relay() {
        for (auto const& weak : *lines_)
            if (auto const line = weak.lock()) line->close();
    }

    Endpoint endpoint() const { return listener_.endpoint(); }

    int connections() const { return static_cast<int>(lines_->size()); }

    /// One direction, until either side ends, or the rule does.
    static asio::awaitable<void> carry(LinePtr line, Way way, Rule rule) {
        tcp::socket& from = way == Way::out ? line->near : line->far;
        tcp::socket& to = way == Way::out ? line->far : line->near;
        auto buffer = std::make_unique<std::array<char, at_once>>();
        boost::system::error_code error;
        while (!error) {
            std::size_t const room = co_await rule.room();
            if (room == 0) break;
            auto const count =
                co_await from.async_read_some(asio::buffer(buffer->data(), room),
                                              asio::redirect_error(asio::use_awaitable, error));
            if (error || !rule.pass(std::span(*buffer).first(count))) break;
            co_await asio::async_write(to, asio::buffer(buffer->data(), count),
                                       asio::redirect_error(asio::use_awaitable, error));
        }
        line->close();
    }

private:
    std::shared_ptr<std::vector<std::weak_ptr<Line>>> lines_;
    LoopbackListener listener_;
};

}  // namespace satchel::testing
