// Stands between two ends of a connection, and harms it after so many bytes of one side: a lost
// line on request, or somebody on the way who changes what goes by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tests/support/relay.h"

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
    HarmingProxy(asio::io_context& io, Endpoint const& target, std::uint64_t bytes, int times,
                 Harm harm = Harm::cut)
        : state_(std::make_shared<State>(State{bytes, times, harm}))
        , relay_(io, target, [&io, state = state_](Relay::LinePtr const& line) {
            bool const doomed = state->lines++ < state->times;
            for (auto const way : {Relay::Way::out, Relay::Way::back}) {
                bool const harmed =
                    doomed && state->harm != Harm::pass_tls_only &&
                    (way == Relay::Way::out) == (state->harm != Harm::flip_received);
                std::uint64_t const unharmed = harmed ? state->harm_after : ~std::uint64_t{0};
                asio::co_spawn(io, Relay::carry(line, way, rule(state, way, unharmed)),
                               asio::detached);
            }
        }) {}

    Endpoint endpoint() const { return relay_.endpoint(); }

    int connections() const { return relay_.connections(); }

    /// How often it has done what it is there for.
    int harms() const { return state_->harms; }

    /// Of the dialler's, all connections together.
    std::uint64_t forwarded() const { return state_->forwarded; }

private:
    struct State {
        std::uint64_t harm_after;
        int times;
        Harm harm;
        int lines = 0;
        int harms = 0;
        std::uint64_t forwarded = 0;
    };

    struct Passing {
        std::uint64_t unharmed;  ///< bytes that may still pass as they are
        TlsRecords records{};
    };

    static Relay::Rule rule(std::shared_ptr<State> state, Relay::Way way, std::uint64_t unharmed) {
        auto const passing = std::make_shared<Passing>(Passing{unharmed});
        auto room = [state, passing]() -> asio::awaitable<std::size_t> {
            bool const over = state->harm == Harm::cut && passing->unharmed == 0;
            if (over) ++state->harms;
            co_return over ? 0 : Relay::at_once;
        };
        auto pass = [state, passing, way](std::span<char> bytes) {
            bool const strict = state->harm == Harm::pass_tls_only;
            if (strict && !passing->records.go_on_with(bytes)) {
                ++state->harms;
                return false;
            }
            if (state->harm != Harm::cut && passing->unharmed < bytes.size()) {
                bytes[passing->unharmed] ^= 1;
                passing->unharmed = ~std::uint64_t{0};
                ++state->harms;
            }
            passing->unharmed -= std::min<std::uint64_t>(passing->unharmed, bytes.size());
            if (way == Relay::Way::out) state->forwarded += bytes.size();
            return true;
        };
        return {.room = std::move(room), .pass = std::move(pass)};
    }

    std::shared_ptr<State> state_;
    Relay relay_;
};

}  // namespace satchel::testing
