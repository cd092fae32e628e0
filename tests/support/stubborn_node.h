// A storage node that answers whatever it is sent by the same word on its progress.
#pragma once

#include <memory>

#include "tests/support/control_lab.h"
#include "transfer/control_message.h"
#include "transfer/http_head.h"
#include "transfer/tls_channel.h"

namespace satchel::testing {

class StubbornNode {
public:
    StubbornNode(ControlLab& lab, transfer::OfferProgress const& word)
        : state_(std::make_shared<State>(lab, word)) {
        asio::co_spawn(lab.io, accept(state_), asio::detached);
    }

    Endpoint endpoint() const { return {"127.0.0.1", state_->acceptor.local_endpoint().port()}; }

    int requests() const { return state_->requests; }

    void close() { state_->acceptor.close(); }

private:
    struct State {
        State(ControlLab& lab, transfer::OfferProgress const& word)
            : tls(*transfer::TlsIdentity::create(lab.parties.recipient_node))
            , acceptor(lab.io, {asio::ip::address_v4::loopback(), 0})
            , body(transfer::encode_progress(word)) {}

        transfer::TlsIdentity tls;
        asio::ip::tcp::acceptor acceptor;
        Bytes body;
        int requests = 0;
    };

    static asio::awaitable<void> accept(std::shared_ptr<State> state) {
        for (;;) {
            boost::system::error_code error;
            auto socket = co_await state->acceptor.async_accept(
                asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            auto channel =
                std::make_shared<transfer::TlsChannel>(std::move(socket), state->tls.server());
            asio::co_spawn(channel->executor(), serve(state, channel), asio::detached);
        }
    }

    static asio::awaitable<void> serve(std::shared_ptr<State> state,
                                       std::shared_ptr<transfer::TlsChannel> channel) {
        auto const patience = std::chrono::seconds(5);
        if (!co_await channel->accept_handshake(patience)) co_return;
        for (;;) {
            auto const text = co_await channel->read_head(patience, patience);
            if (!text || text->empty()) co_return;
            auto const head = transfer::parse_request_head(*text);
            if (!head) co_return;
            Bytes body(static_cast<std::size_t>(head->content_length.value_or(0)));
            std::size_t came = 0;
            Status const read = head->masked ? co_await channel->read_masked(body, came)
                                             : co_await channel->read_exactly(body);
            if (!read) co_return;
            ++state->requests;
            std::string answer =
                "HTTP/1.1 202 Accepted\r\nContent-Length: " + std::to_string(state->body.size()) +
                "\r\n\r\n";
            answer += text_of(state->body);
            if (!co_await channel->write(bytes_of(answer))) co_return;
        }
    }

    std::shared_ptr<State> state_;
};

}  // namespace satchel::testing
