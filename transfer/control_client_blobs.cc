// Blobs on their way to another node, and from there: what ControlClient does with their bytes.
#include <algorithm>

#include "transfer/answer_reading.h"
#include "transfer/async_event.h"
#include "transfer/body_pump.h"
#include "transfer/control_client.h"
#include "transfer/control_request.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

namespace {

/// After a broken upload the reason may still be on its way.
constexpr std::chrono::milliseconds last_words{1'000};

}  // namespace

/// The answer to an upload, read while the upload is being sent.
struct ControlClient::EarlyReply {
    explicit EarlyReply(asio::any_io_executor const& executor)
        : done(executor) {}

    AsyncEvent done;
    Result<Reply> reply = fail(Fault::unavailable, "no answer");
};

/// A connection on which the head has gone out.
asio::awaitable<Result<PeerConnections::Lease>> ControlClient::begin(Peer peer, RequestLine line) {
    Result<Lease> lease = co_await connections_.acquire(peer, PeerConnections::Use::bulk);
    if (!lease) co_return lease;
    std::string const head = head_text(peer, *lease->channel(), std::move(line));
    lease->channel()->deadline().expires_after(limits_.chunk);
    Status const written = co_await lease->channel()->write(bytes_of(head));
    lease->channel()->deadline().suspend();
    if (!written) co_return fail(written.error());
    co_return lease;
}

asio::awaitable<void> ControlClient::await_reply(std::shared_ptr<TlsChannel> channel,
                                                 std::shared_ptr<EarlyReply> early) {
    Result<std::string> const text = co_await channel->read_head();
    auto answer = co_await read_answer(*channel, text, control_limits::small_answer_bytes, false);
    if (!answer) early->reply = fail(answer.error());
    if (answer) early->reply = Reply{answer->first, std::move(answer->second)};
    early->done.set();
}

/// As far as it is taken. Bytes of the body that went.
asio::awaitable<std::uint64_t> ControlClient::send_ranges(TlsChannel& channel, BlobPut const& put,
                                                          std::vector<Gap> ranges,
                                                          std::shared_ptr<EarlyReply> early,
                                                          PumpResult& pumped) {
    std::uint64_t sent = 0;
    for (Gap const& range : ranges) {
        OutgoingBody body;
        body.file = put.file;
        body.growth = put.growth;
        body.first = range.first;
        body.bytes = range.end - range.first;
        body.masked = put.masked;
        body.chunk_patience = limits_.chunk;
        std::uint64_t of_range = 0;
        body.go_on = [&](std::uint64_t so_far) {
            of_range = so_far;
            if (put.progress) put.progress(range.first + so_far);
            return !early->done.is_set();
        };
        pumped = co_await send_body(channel, workers_, *limits_.traffic, std::move(body));
        sent += of_range;
        if (!pumped.network || !pumped.disk || early->done.is_set()) break;
    }
    co_return sent;
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::put_blob(Peer peer, BlobPut put) {
    std::vector<Gap> ranges{{put.from, put.end == 0 ? put.size : put.end}};
    if (put.from >= ranges.front().end) co_return fail(Fault::usage, "nothing to send");
    ContentRange content{{put.from, ranges.front().end - 1}, put.size};
    for (Gap const& gap : put.more) {
        ranges.push_back(gap);
        content.more.push_back({gap.first, gap.end - 1});
    }
    RequestLine line;
    line.method = Method::put;
    line.target = blob_path(put.id);
    line.content_length = content.bytes();
    line.content_range = content;
    line.masked = put.masked;
    Result<Lease> lease = co_await begin(std::move(peer), std::move(line));
    if (!lease) co_return fail(lease.error());
    auto const channel = lease->channel();
    auto early = std::make_shared<EarlyReply>(owner_.get_executor());
    asio::co_spawn(owner_, await_reply(channel, early), asio::detached);
    PumpResult pumped;
    auto const sent = co_await send_ranges(*channel, put, std::move(ranges), early, pumped);
    bool const all_sent = sent == content.bytes();
    sent_bytes_ += sent;
    bool const ended = all_sent || early->done.is_set();
    auto const patience = ended ? limits_.finish_for(put.size) : last_words;
    bool const answered = pumped.disk && co_await early->done.wait_for(patience);
    if (!answered) {
        channel->close();
        co_await early->done.wait();
    }
    if (!early->reply) {
        if (!pumped.disk) co_return fail(pumped.disk.error());
        if (!answered && all_sent) co_return fail(Fault::timed_out, "no receipt in time");
        co_return fail(pumped.network ? early->reply.error() : pumped.network.error());
    }
    if (all_sent && early->reply->head.keep_alive) lease->keep();
    co_return read_intake_answer(early->reply->head.status, early->reply->body);
}

asio::awaitable<Status> ControlClient::bring_layer(Peer peer, ContentId id,
                                                   std::shared_ptr<BlobUpload> into) {
    Result<Bytes> layer = co_await fetch_layer(std::move(peer), id);
    if (!layer || layer->empty()) co_return layer ? Status() : Status(fail(layer.error()));
    auto set = [into, layer = std::move(*layer)] { return into->set_layer(layer); };
    co_return co_await workers_.await(std::move(set));
}

asio::awaitable<Status> ControlClient::fetch_blob(Peer peer, BlobFetch fetch) {
    if (fetch.into->offset() >= fetch.size) co_return Status();
    if (Status known = co_await bring_layer(peer, fetch.id, fetch.into); !known) co_return known;
    for (;;) {
        std::uint64_t const before = fetch.into->offset();
        Status const fetched = co_await fetch_bytes(peer, fetch);
        if (fetched) co_return fetched;
        // Once more where the connection broke, as long as something comes. Not where the other
        // side has fallen silent: somebody else may have it, and the caller knows.
        Fault const fault = fetched.error().fault;
        if (fault == Fault::unavailable && fetch.into->offset() > before) continue;
        // What goes beside TLS may be changed on its way, or stopped by who lets nothing else
        // pass: what does not come right inside is the node's own doing.
        bool const by_others = fault == Fault::corrupt || fault == Fault::unavailable;
        if (!by_others || !std::exchange(fetch.masked, false)) co_return fetched;
    }
}

asio::awaitable<Status> ControlClient::fetch_bytes(Peer peer, BlobFetch fetch) {
    std::uint64_t const first = fetch.into->offset();
    ByteRange const wanted{first, (fetch.end == 0 ? fetch.size : fetch.end) - 1};
    RequestLine line;
    line.target = blob_path(fetch.id);
    line.range = wanted;
    line.masked = fetch.masked;
    Result<Lease> lease = co_await begin(std::move(peer), std::move(line));
    if (!lease) co_return fail(lease.error());
    TlsChannel& channel = *lease->channel();
    Result<std::string> const text = co_await channel.read_head(limits_.answer, limits_.answer);
    if (!text) co_return fail(text.error());
    if (text->empty()) co_return fail(Fault::unavailable, "the other side hung up");
    auto const head = parse_answer_head(*text);
    if (!head) co_return fail(senseless(head.error()));
    if (head->status != 206) {
        channel.expect(limits_.pace);
        auto const refusal = co_await read_answer(channel, text, control_limits::small_answer_bytes,
                                                  head->status == 200);
        if (!refusal) co_return fail(refusal.error());
        co_return fail(refused_by(head->status, refusal->second));
    }
    auto const range = parse_content_range(head->content_range);
    if (!range || range->range != wanted || range->total != fetch.size ||
        head->content_length != range->range.bytes()) {
        co_return fail(Fault::corrupt, "the node sends another range than was asked for");
    }
    IncomingBody body;
    body.bytes = head->content_length;
    body.masked = head->masked;
    body.pace = limits_.pace;
    body.advanced = [&](std::uint64_t offset) {
        if (fetch.progress) fetch.progress(offset);
    };
    PumpResult const pumped =
        co_await receive_body(channel, workers_, *limits_.traffic, fetch.into, std::move(body));
    fetched_bytes_ += fetch.into->offset() - std::min(first, fetch.into->offset());
    if (!pumped.disk) co_return fail(pumped.disk.error());
    if (!pumped.network) co_return fail(pumped.network.error());
    if (head->keep_alive) lease->keep();
    co_return Status();
}

}  // namespace satchel::transfer
