// A node that says what a test wants it to say, to whomever and whatever was asked: behind a
// handshake with the right key.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/loopback_listener.h"
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
        : state_(std::make_shared<State>(key, std::move(script)))
        , listener_(io, [&io, state = state_](asio::ip::tcp::socket socket) {
            auto channel =
                std::make_shared<transfer::TlsChannel>(std::move(socket), state->tls.server());
            state->channels.push_back(channel);
            asio::co_spawn(io, serve(state, channel), asio::detached);
        }) {}

    ScriptedNode(ScriptedNode const&) = delete;
    ScriptedNode& operator=(ScriptedNode const&) = delete;

    ~ScriptedNode() {
        for (auto const& channel : state_->channels)
            channel->close();
    }

    Endpoint endpoint() const { return listener_.endpoint(); }

    /// "PUT /v1/blobs/…", in the order of their coming.
    std::vector<std::string> const& asked() const { return state_->asked; }

    std::uint64_t received() const { return state_->received; }

private:
    struct State {
        State(SigningKey const& key, Script says)
            : tls(*transfer::TlsIdentity::create(key))
            , script(std::move(says)) {}

        transfer::TlsIdentity tls;
        Script script;
        std::vector<std::shared_ptr<transfer::TlsChannel>> channels;
        std::vector<std::string> asked;
        std::uint64_t received = 0;
    };

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
    LoopbackListener listener_;
};

}  // namespace satchel::testing
