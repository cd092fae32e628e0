// Stands between two ends of a connection, and harms it after so many bytes of one side: a lost
// line on request, or somebody on the way who changes what goes by.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "src/base/asio_ssl.h"
#include "src/core/endpoint.h"

namespace satchel::testing {

enum class Harm {
    cut,            ///< after so many bytes of the dialler's
    flip_sent,      ///< the first bit behind so many bytes of the dialler's
    flip_received,  ///< of the listener's
    pass_tls_only,  ///< cut where something else comes, on all connections
};

/// Follows the records of TLS in one direction (RFC 8446 §5.1).
class TlsRecords {
public:
    /// False: that is something else.
    bool go_on_with(std::span<char const> bytes) {
        for (char const byte : bytes) {
            if (left_ > 0) {
                --left_;
                continue;
            }
            header_.push_back(static_cast<unsigned char>(byte));
            if (header_.size() < 5) continue;
            left_ = header_[3] * 256U + header_[4];
            bool const known = header_[0] >= 20 && header_[0] <= 23 && header_[1] == 3;
            if (!known || left_ > 16'384 + 256) return false;
            header_.clear();
        }
        return true;
    }

private:
    std::vector<unsigned char> header_;
    std::size_t left_ = 0;
};

class HarmingProxy {
public:
    /// `times` connections are harmed after `bytes` each; later ones live.
    HarmingProxy(asio::io_context& io, Endpoint target, std::uint64_t bytes, int times,
                 Harm harm = Harm::cut)
        : state_(std::make_shared<State>(io, std::move(target), bytes, times, harm)) {
        asio::co_spawn(io, accept(state_), asio::detached);
    }

    HarmingProxy(HarmingProxy const&) = delete;
    HarmingProxy& operator=(HarmingProxy const&) = delete;

    ~HarmingProxy() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
    }

    Endpoint endpoint() const { return {"127.0.0.1", state_->acceptor.local_endpoint().port()}; }

    int connections() const { return state_->connections; }

    /// Of the dialler's, all connections together.
    std::uint64_t forwarded() const { return state_->forwarded; }

private:
    using tcp = asio::ip::tcp;

    struct State {
        State(asio::io_context& context, Endpoint to, std::uint64_t bytes, int how_often, Harm what)
            : io(context)
            , acceptor(context, {asio::ip::address_v4::loopback(), 0})
            , target(std::move(to))
            , harm_after(bytes)
            , times(how_often)
            , harm(what) {}

        asio::io_context& io;
        tcp::acceptor acceptor;
        Endpoint target;
        std::uint64_t harm_after;
        int times;
        Harm harm;
        int connections = 0;
        std::uint64_t forwarded = 0;
    };

    struct Line {
        explicit Line(asio::io_context& io)
            : near(io)
            , far(io) {}

        tcp::socket near;
        tcp::socket far;
    };

    static asio::awaitable<void> accept(std::shared_ptr<State> state) {
        for (;;) {
            auto line = std::make_shared<Line>(state->io);
            boost::system::error_code error;
            co_await state->acceptor.async_accept(line->near,
                                                  asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            line->far.connect({asio::ip::make_address(state->target.ip), state->target.port});
            bool const doomed = state->connections++ < state->times;
            for (bool const outwards : {true, false}) {
                bool const harmed = doomed && state->harm != Harm::pass_tls_only &&
                                    outwards == (state->harm != Harm::flip_received);
                std::uint64_t const unharmed = harmed ? state->harm_after : ~std::uint64_t{0};
                asio::co_spawn(state->io, forward(state, line, outwards, unharmed), asio::detached);
            }
        }
    }

    static asio::awaitable<void> forward(std::shared_ptr<State> state, std::shared_ptr<Line> line,
                                         bool outwards, std::uint64_t unharmed) {
        tcp::socket& from = outwards ? line->near : line->far;
        tcp::socket& to = outwards ? line->far : line->near;
        auto buffer = std::make_unique<std::array<char, 64 * 1024>>();
        boost::system::error_code error;
        TlsRecords records;
        while (!error && (unharmed > 0 || state->harm != Harm::cut)) {
            auto const room = asio::buffer(*buffer);
            std::size_t const count = co_await from.async_read_some(
                room, asio::redirect_error(asio::use_awaitable, error));
            if (error) break;
            bool const strict = state->harm == Harm::pass_tls_only;
            if (strict && !records.go_on_with(std::span(*buffer).first(count))) break;
            if (state->harm != Harm::cut && unharmed < count) {
                (*buffer)[unharmed] ^= 1;
                unharmed = ~std::uint64_t{0};
            }
            unharmed -= std::min<std::uint64_t>(unharmed, count);
            if (outwards) state->forwarded += count;
            auto const chunk = asio::buffer(buffer->data(), count);
            co_await asio::async_write(to, chunk, asio::redirect_error(asio::use_awaitable, error));
        }
        boost::system::error_code ignored;
        line->near.close(ignored);
        line->far.close(ignored);
    }

    std::shared_ptr<State> state_;
};

}  // namespace satchel::testing
