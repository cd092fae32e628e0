// A port of its own on loopback, for tests that stand in for a node or on the way to one.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "src/base/asio.h"
#include "src/core/endpoint.h"

namespace satchel::testing {

class LoopbackListener {
public:
    using Taken = std::function<void(asio::ip::tcp::socket)>;

    /// Whoever dials is handed over.
    LoopbackListener(asio::io_context& io, Taken taken)
        : state_(std::make_shared<State>(io, std::move(taken))) {
        asio::co_spawn(io, accept(state_), asio::detached);
    }

    LoopbackListener(LoopbackListener const&) = delete;
    LoopbackListener& operator=(LoopbackListener const&) = delete;

    ~LoopbackListener() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
    }

    Endpoint endpoint() const { return {"127.0.0.1", state_->acceptor.local_endpoint().port()}; }

private:
    struct State {
        State(asio::io_context& io, Taken to)
            : acceptor(io, {asio::ip::address_v4::loopback(), 0})
            , taken(std::move(to)) {}

        asio::ip::tcp::acceptor acceptor;
        Taken taken;
    };

    static asio::awaitable<void> accept(std::shared_ptr<State> state) {
        for (;;) {
            boost::system::error_code error;
            auto socket = co_await state->acceptor.async_accept(
                asio::redirect_error(asio::use_awaitable, error));
            if (error || !state->acceptor.is_open()) co_return;
            state->taken(std::move(socket));
        }
    }

    std::shared_ptr<State> state_;
};

}  // namespace satchel::testing
