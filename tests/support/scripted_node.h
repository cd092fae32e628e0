// A node that says what a test wants it to say, to whomever and whatever was asked: behind a
// handshake with the right key.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "src/core/endpoint.h"
#include "transfer/http_head.h"
#include "transfer/tls_channel.h"
#include "transfer/tls_pinned.h"

namespace satchel::testing {

struct ScriptedAnswer {
    unsigned status = 0;  ///< 0: silence
    Bytes body{};
};

class ScriptedNode {
public:
    using Script = std::function<ScriptedAnswer(transfer::RequestHead const& asked, ByteSpan body)>;

    ScriptedNode(asio::io_context& io, SigningKey const& key, Script script)
        : state_(std::make_shared<State>(io, key, std::move(script))) {
        asio::co_spawn(io, accept(state_), asio::detached);
    }

    ScriptedNode(ScriptedNode const&) = delete;
    ScriptedNode& operator=(ScriptedNode const&) = delete;

    ~ScriptedNode() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        for (auto const& channel : state_->channels)
            channel->close();
    }

    Endpoint endpoint() const { return {"127.0.0.1", state_->acceptor.local_endpoint().port()}; }

    /// "PUT /v1/blobs/…", in the order of their coming.
    std::vector<std::string> const& asked() const { return state_->asked; }

    std::uint64_t received() const { return state_->received; }

private:
    using tcp = asio::ip::tcp;

    struct State {
        State(asio::io_context& io, SigningKey const& key, Script says)
            : acceptor(io, {asio::ip::address_v4::loopback(), 0})
            , tls(*transfer::TlsIdentity::create(key))
            , script(std::move(says)) {}

        tcp::acceptor acceptor;
        transfer::TlsIdentity tls;
        Script script;
        std::vector<std::shared_ptr<transfer::TlsChannel>> channels;
        std::vector<std::string> asked;
        std::uint64_t received = 0;
    };

    static asio::awaitable<void> accept(std::shared_ptr<State> state) {
        for (;;) {
            boost::system::error_code error;
            tcp::socket socket = co_await state->acceptor.async_accept(
                asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return;
            auto channel =
                std::make_shared<transfer::TlsChannel>(std::move(socket), state->tls.server());
            state->channels.push_back(channel);
            asio::co_spawn(state->acceptor.get_executor(), serve(state, channel), asio::detached);
        }
    }

    static asio::awaitable<void> serve(std::shared_ptr<State> state,
                                       std::shared_ptr<transfer::TlsChannel> channel) {
        auto const shaken = co_await channel->accept_handshake(std::chrono::seconds(5));
        while (shaken) {
            auto const text =
                co_await channel->read_head(std::chrono::seconds(60), std::chrono::seconds(60));
            auto const head = text ? transfer::parse_request_head(*text)
                                   : Result<transfer::RequestHead>(fail(text.error()));
            if (!head) co_return;
            state->asked.push_back(text->substr(0, text->find(" HTTP")));
            Bytes body(static_cast<std::size_t>(head->content_length.value_or(0)));
            std::size_t came = 0;
            Status const read = head->masked ? co_await channel->read_masked(body, came)
                                             : co_await channel->read_exactly(body);
            if (!read) co_return;
            state->received += body.size();
            ScriptedAnswer const answer = state->script(*head, body);
            if (answer.status == 0) continue;
            transfer::AnswerLine line;
            line.status = answer.status;
            line.content_length = answer.body.size();
            std::string out = transfer::write_answer_head(line);
            out += text_of(answer.body);
            Status const written = co_await channel->write(bytes_of(out));
            if (!written) co_return;
        }
    }

    std::shared_ptr<State> state_;
};

}  // namespace satchel::testing
