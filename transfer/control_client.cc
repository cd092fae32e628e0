#include "transfer/control_client.h"

#include <array>

#include "transfer/body_pump.h"

namespace satchel::transfer {

using asio::ip::tcp;

void ControlClient::stop() {
    stopped_ = true;
    for (auto& [key, idle] : idle_)
        idle.channel->close();
    idle_.clear();
    for (auto& [address, channel] : busy_) {
        if (auto const open = channel.lock()) open->close();
    }
}

ControlClient::Channel ControlClient::take_idle(NodeKey const& key) {
    auto const oldest = std::chrono::steady_clock::now() - limits_.idle;
    std::erase_if(idle_, [&](auto const& entry) {
        return entry.second.since < oldest || !entry.second.channel->is_quiet();
    });
    auto const it = idle_.find(key);
    if (it == idle_.end()) return nullptr;
    Channel channel = std::move(it->second.channel);
    idle_.erase(it);
    return channel;
}

void ControlClient::keep(NodeKey const& key, Channel channel) {
    busy_.erase(channel.get());
    if (stopped_ || idle_.count(key) >= limits_.connections_per_node) return;
    idle_.emplace(key, Idle{std::move(channel), std::chrono::steady_clock::now()});
}

asio::awaitable<Result<ControlClient::Channel>> ControlClient::dial_one(NodeKey key,
                                                                        Endpoint endpoint) {
    if (auto allowed = may_dial(endpoint, rule_); !allowed) co_return fail(allowed.error());
    boost::system::error_code failed;
    tcp::endpoint const target(asio::ip::make_address(endpoint.ip, failed), endpoint.port);
    if (failed) co_return fail(Fault::unavailable, endpoint.to_string() + ": " + failed.message());
    tcp::socket socket(owner_);
    {
        SocketDeadline deadline(socket);
        deadline.expires_after(limits_.connect);
        co_await socket.async_connect(target, asio::redirect_error(asio::use_awaitable, failed));
        if (deadline.expired())
            co_return fail(Fault::timed_out, endpoint.to_string() + " did not answer");
    }
    if (failed) co_return fail(Fault::unavailable, endpoint.to_string() + ": " + failed.message());
    socket.set_option(tcp::no_delay(true), failed);
    auto channel = std::make_shared<TlsChannel>(std::move(socket), identity_.client());
    Status const greeted = co_await channel->dial_handshake(key, limits_.handshake);
    if (!greeted)
        co_return fail(greeted.error().fault, endpoint.to_string() + ": " + greeted.error().what);
    busy_[channel.get()] = channel;
    co_return channel;
}

asio::awaitable<Result<ControlClient::Channel>> ControlClient::dial(Peer peer) {
    Error last{Fault::unavailable, "no endpoint is known"};
    for (Endpoint const& endpoint : peer.endpoints) {
        if (stopped_) co_return fail(Fault::unavailable, "going down");
        auto channel = co_await dial_one(peer.key, endpoint);
        if (channel) co_return channel;
        last = channel.error();
    }
    co_return fail(std::move(last));
}

asio::awaitable<Result<ControlClient::Reply>> ControlClient::read_reply(
    NodeKey key, Channel channel, std::chrono::milliseconds patience) {
    auto const text = co_await channel->read_head(patience, limits_.answer);
    if (!text) co_return fail(text.error());
    if (text->empty()) co_return fail(Fault::unavailable, "the other side hung up");
    auto const head = parse_answer_head(*text);
    if (!head) co_return fail(Fault::corrupt, "the answer makes no sense: " + head.error().what);
    if (head->content_length > control_limits::small_answer_bytes) {
        co_return fail(Fault::too_large, "the answer is too long");
    }
    Reply reply;
    reply.status = head->status;
    reply.body.resize(static_cast<std::size_t>(head->content_length));
    channel->deadline().expires_after(limits_.chunk);
    Status const read = co_await channel->read_exactly(reply.body);
    channel->deadline().suspend();
    if (!read) co_return fail(read.error());
    if (head->keep_alive) keep(key, std::move(channel));
    co_return reply;
}

asio::awaitable<Result<ControlClient::Reply>> ControlClient::exchange(NodeKey key, Channel channel,
                                                                      ByteSpan request) {
    channel->deadline().expires_after(limits_.chunk);
    Status const written = co_await channel->write(request);
    channel->deadline().suspend();
    if (!written) co_return fail(written.error());
    co_return co_await read_reply(key, std::move(channel), limits_.answer);
}

asio::awaitable<Result<ControlClient::Reply>> ControlClient::ask(Peer peer, RequestLine line,
                                                                 Bytes body) {
    if (line.method != Method::get) line.content_length = body.size();
    std::string const head = write_request_head(line);
    Bytes request = copy_of(bytes_of(head));
    append(request, body);
    if (Channel used = take_idle(peer.key)) {
        busy_[used.get()] = used;
        auto reply = co_await exchange(peer.key, std::move(used), request);
        // It may have been closed just now; every request here may be repeated.
        if (reply || !worth_retrying(reply.error().fault)) co_return reply;
    }
    auto channel = co_await dial(peer);
    if (!channel) co_return fail(channel.error());
    co_return co_await exchange(peer.key, std::move(*channel), request);
}

Result<IntakeAnswer> ControlClient::intake_answer(Reply const& reply) {
    if (reply.status == 200 || reply.status == 201) {
        auto receipt = decode_receipt(reply.body);
        if (!receipt) return fail(receipt.error());
        return IntakeAnswer(std::move(*receipt));
    }
    if (reply.status == 202) {
        auto progress = decode_progress(reply.body);
        if (!progress) return fail(progress.error());
        return IntakeAnswer(*progress);
    }
    auto const refusal = decode_refusal(reply.status, reply.body);
    if (!refusal) return fail(refusal.error());
    return fail(error_for(*refusal));
}

asio::awaitable<Result<PingAnswer>> ControlClient::ping(Peer peer) {
    NodeKey const expected = peer.key;
    RequestLine line;
    line.target = ping_path;
    auto const reply = co_await ask(std::move(peer), std::move(line), {});
    if (!reply) co_return fail(reply.error());
    if (reply->status != 200) co_return fail(Fault::corrupt, "the node refuses a ping");
    auto answer = decode_ping(reply->body);
    if (answer && answer->node != expected)
        co_return fail(Fault::untrusted, "another node answered");
    co_return answer;
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::offer(Peer peer, Offer offer,
                                                           std::optional<Bytes> blob) {
    RequestLine line;
    line.method = Method::post;
    line.target = offers_path;
    std::optional<ByteSpan> along;
    if (blob) along = ByteSpan(*blob);
    Bytes body = encode_offer_request(offer, along);
    auto const reply = co_await ask(std::move(peer), std::move(line), std::move(body));
    if (!reply) co_return fail(reply.error());
    co_return intake_answer(*reply);
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::put_layer(Peer peer, ContentId id,
                                                               Bytes layer) {
    RequestLine line;
    line.method = Method::put;
    line.target = layer_path(id);
    auto const reply = co_await ask(std::move(peer), std::move(line), std::move(layer));
    if (!reply) co_return fail(reply.error());
    co_return intake_answer(*reply);
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::ask_receipt(Peer peer, OfferId offer) {
    RequestLine line;
    line.target = receipt_path(offer);
    auto const reply = co_await ask(std::move(peer), std::move(line), {});
    if (!reply) co_return fail(reply.error());
    co_return intake_answer(*reply);
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::put_blob(Peer peer, BlobPut put) {
    Channel channel = take_idle(peer.key);
    if (channel) {
        busy_[channel.get()] = channel;
    } else {
        auto dialled = co_await dial(peer);
        if (!dialled) co_return fail(dialled.error());
        channel = std::move(*dialled);
    }
    RequestLine line;
    line.method = Method::put;
    line.target = blob_path(put.id);
    line.content_length = put.size - put.from;
    line.content_range = ContentRange{ByteRange{put.from, put.size - 1}, put.size};
    std::string const head = write_request_head(line);
    channel->deadline().expires_after(limits_.chunk);
    Status const written = co_await channel->write(bytes_of(head));
    if (!written) co_return fail(written.error());
    OutgoingBody body;
    body.file = put.file;
    body.first = put.from;
    body.bytes = put.size - put.from;
    body.chunk_patience = limits_.chunk;
    body.go_on = [&put](std::uint64_t sent) {
        if (put.progress) put.progress(put.from + sent);
        return true;
    };
    PumpResult const pumped = co_await send_body(*channel, workers_, std::move(body));
    if (!pumped.disk) co_return fail(pumped.disk.error());
    // Who was interrupted may have been told why.
    auto const reply =
        co_await read_reply(peer.key, std::move(channel),
                            pumped.network ? limits_.finish : std::chrono::milliseconds(1'000));
    if (!reply) co_return fail(pumped.network ? reply.error() : pumped.network.error());
    co_return intake_answer(*reply);
}

}  // namespace satchel::transfer
