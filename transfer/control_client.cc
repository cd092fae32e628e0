#include "transfer/control_client.h"

#include "transfer/async_event.h"
#include "transfer/body_pump.h"
#include "transfer/control_request.h"
#include "transfer/device_proof.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {
namespace {

/// After a broken upload the reason may still be on its way.
constexpr std::chrono::milliseconds last_words{1'000};

bool may_have_body(Method method) {
    return method == Method::put || method == Method::post;
}

}  // namespace

/// The answer to an upload, read while the upload is being sent.
struct ControlClient::EarlyReply {
    explicit EarlyReply(asio::any_io_executor const& executor)
        : done(executor) {}

    AsyncEvent done;
    Result<Reply> reply = fail(Fault::unavailable, "no answer");
};

ControlClient::ControlClient(asio::io_context& owner, WorkerPool& workers, TlsIdentity& identity,
                             EndpointRule rule, ClientLimits const& limits,
                             SigningKey const* user_key)
    : owner_(owner)
    , workers_(workers)
    , limits_(limits)
    , user_key_(user_key)
    , connections_(owner, identity, std::move(rule), limits) {
    if (!limits_.traffic) limits_.traffic = std::make_shared<Traffic>();
}

std::string ControlClient::head_text(Peer const& peer, TlsChannel& channel,
                                     RequestLine line) const {
    if (!peer.own || user_key_ == nullptr) return write_request_head(line);
    if (auto const exporter = channel.exporter())
        line.device = make_device_proof(*user_key_, *exporter);
    return write_request_head(line);
}

namespace {

/// Head and body of an answer of at most `max` bytes. Fault::corrupt where it makes no sense.
asio::awaitable<Result<std::pair<AnswerHead, Bytes>>> read_answer(TlsChannel& channel,
                                                                  Result<std::string> const& text,
                                                                  std::size_t max, bool bodyless) {
    if (!text) co_return fail(text.error());
    if (text->empty()) co_return fail(Fault::unavailable, "the other side hung up");
    auto const head = parse_answer_head(*text);
    if (!head) co_return fail(senseless(head.error()));
    Bytes body;
    if (!bodyless) {
        if (head->content_length > max) co_return fail(Fault::too_large, "the answer is too long");
        body.resize(static_cast<std::size_t>(head->content_length));
        Status const read = co_await channel.read_exactly(body);
        if (!read) co_return fail(read.error());
    }
    co_return std::pair(*head, std::move(body));
}

}  // namespace

asio::awaitable<Result<ControlClient::Reply>> ControlClient::exchange(Peer peer, Lease& lease,
                                                                      Request const& request) {
    TlsChannel& channel = *lease.channel();
    // Head and body in one TLS record where they fit: one packet for what is small.
    std::string message = head_text(peer, channel, request.line);
    message += text_of(request.body);
    channel.deadline().expires_after(limits_.chunk);
    Status const written = co_await channel.write(bytes_of(message));
    if (!written) co_return fail(written.error());
    Result<std::string> const text = co_await channel.read_head(limits_.answer, limits_.answer);
    channel.expect(limits_.pace);
    bool const bodyless = request.line.method == Method::head;
    auto answer = co_await read_answer(channel, text, request.answer_max, bodyless);
    channel.deadline().suspend();
    if (!answer) co_return fail(answer.error());
    if (answer->first.keep_alive) lease.keep();
    co_return Reply{answer->first, std::move(answer->second)};
}

asio::awaitable<Result<ControlClient::Reply>> ControlClient::ask(Peer peer, Request request) {
    if (may_have_body(request.line.method)) request.line.content_length = request.body.size();
    Result<Lease> lease = co_await connections_.acquire(peer, PeerConnections::Use::request);
    if (!lease) co_return fail(lease.error());
    Result<Reply> reply = co_await exchange(peer, *lease, request);
    if (reply || !lease->is_reused() || reply.error().fault != Fault::unavailable) co_return reply;
    // Gives its place back before it takes another.
    { Lease const closed = std::move(*lease); }
    lease = co_await connections_.acquire(peer, PeerConnections::Use::request,
                                          PeerConnections::Origin::fresh);
    if (!lease) co_return fail(lease.error());
    co_return co_await exchange(peer, *lease, request);
}

asio::awaitable<Result<PingAnswer>> ControlClient::ping(Peer peer) {
    NodeKey const expected = peer.key;
    auto const body = co_await read(std::move(peer), ping_path, control_limits::small_answer_bytes);
    if (!body) co_return fail(body.error());
    auto answer = decode_ping(*body);
    if (answer && answer->node != expected)
        co_return fail(Fault::untrusted, "the node calls itself by another key");
    co_return answer;
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::offer(Peer peer, Offer offer,
                                                           std::optional<Bytes> blob) {
    Request request;
    request.line.method = Method::post;
    request.line.target = offers_path;
    auto const along = blob ? std::optional<ByteSpan>(*blob) : std::nullopt;
    if (blob) co_await limits_.traffic->pass(Traffic::Way::up, blob->size(), [] { return true; });
    request.body = encode_offer_request(offer, along);
    Result<Reply> const reply = co_await ask(std::move(peer), std::move(request));
    if (!reply) co_return fail(reply.error());
    if (blob && reply->head.status == 200) sent_bytes_ += blob->size();
    co_return read_intake_answer(reply->head.status, reply->body);
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::ask_intake(Peer peer, Method method,
                                                                std::string target, Bytes body) {
    Request request;
    request.line.method = method;
    request.line.target = std::move(target);
    request.body = std::move(body);
    Result<Reply> const reply = co_await ask(std::move(peer), std::move(request));
    if (!reply) co_return fail(reply.error());
    co_return read_intake_answer(reply->head.status, reply->body);
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::put_layer(Peer peer, ContentId id,
                                                               Bytes layer) {
    return ask_intake(std::move(peer), Method::put, layer_path(id), std::move(layer));
}

asio::awaitable<Result<IntakeAnswer>> ControlClient::put_swarm(Peer peer, ContentId id,
                                                               SwarmInvitation const& invitation) {
    return ask_intake(std::move(peer), Method::put, swarm_path(id),
                      encode_swarm_invitation(invitation));
}

asio::awaitable<Result<Bytes>> ControlClient::read(Peer peer, std::string target,
                                                   std::size_t bytes_max) {
    Request request;
    request.line.target = std::move(target);
    request.answer_max = bytes_max;
    Result<Reply> reply = co_await ask(std::move(peer), std::move(request));
    if (!reply) co_return fail(reply.error());
    if (reply->head.status != 200) co_return fail(refused_by(reply->head.status, reply->body));
    co_return std::move(reply->body);
}

asio::awaitable<Result<Offer>> ControlClient::ask_offer(Peer peer, OfferId id) {
    auto const body = co_await read(std::move(peer), offer_path(id), limits::offer_bytes);
    if (!body) co_return fail(body.error());
    co_return decode_offer(*body);
}

asio::awaitable<Result<std::vector<Offer>>> ControlClient::ask_waiting(
    Peer peer, std::optional<ContentId> id) {
    std::string target = waiting_path;
    if (id) target += '/' + id->to_hex();
    auto const body = co_await read(std::move(peer), target, control_limits::waiting_bytes);
    if (!body) co_return fail(body.error());
    co_return decode_waiting(*body);
}

asio::awaitable<Result<HoldingsPart>> ControlClient::ask_holdings(Peer peer,
                                                                  std::optional<ContentId> after) {
    std::string target = holdings_path;
    if (after) target += '/' + after->to_hex();
    auto const body = co_await read(std::move(peer), target, control_limits::holdings_bytes);
    if (!body) co_return fail(body.error());
    co_return decode_holdings(*body);
}

/// Sends a body; a refusal is an error.
asio::awaitable<Result<ControlClient::Reply>> ControlClient::tell(Peer peer, Method method,
                                                                  std::string target, Bytes body) {
    Request request;
    request.line.method = method;
    request.line.target = std::move(target);
    request.body = std::move(body);
    Result<Reply> reply = co_await ask(std::move(peer), std::move(request));
    if (reply && reply->head.status >= 300)
        co_return fail(refused_by(reply->head.status, reply->body));
    co_return reply;
}

asio::awaitable<Result<EnrollAnswer>> ControlClient::enroll(Peer peer, EnrollRequest request) {
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::post, enroll_path, encode_enroll_request(request));
    if (!reply) co_return fail(reply.error());
    co_return decode_enroll_answer(reply->body);
}

asio::awaitable<Result<ReachAnswer>> ControlClient::ask_reach(Peer peer, ReachRequest request) {
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::post, reach_path, encode_reach_request(request));
    if (!reply) co_return fail(reply.error());
    co_return decode_reach_answer(reply->body);
}

asio::awaitable<Status> ControlClient::put_records(Peer peer, RecordsToKeep keep) {
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::put, records_path, encode_records(keep));
    co_return reply ? Status() : Status(fail(reply.error()));
}

asio::awaitable<Result<LineAnswer>> ControlClient::hold_line(Peer peer) {
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::get, line_path_of_caller, Bytes());
    if (!reply) co_return fail(reply.error());
    co_return decode_line_answer(reply->body);
}

asio::awaitable<Status> ControlClient::ping_line(Peer peer, NodeKey node) {
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::get, line_path(node), Bytes());
    co_return reply ? Status() : Status(fail(reply.error()));
}

asio::awaitable<Status> ControlClient::pass_order(Peer peer, NodeKey node, PullNotice order) {
    auto body = encode_pull_notice(order);
    if (!body) co_return fail(body.error());
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::post, line_path(node), std::move(*body));
    co_return reply ? Status() : Status(fail(reply.error()));
}

asio::awaitable<Result<MeetingPlace>> ControlClient::call_to_meeting(Peer gateway, NodeKey node) {
    MeetingPlace place{gateway.endpoints, {}};
    Result<Reply> const reply =
        co_await tell(std::move(gateway), Method::post, relay_path(node), Bytes());
    if (!reply) co_return fail(reply.error());
    auto const token = decode_relay_answer(reply->body);
    if (!token) co_return fail(token.error());
    place.token = *token;
    co_return place;
}

asio::awaitable<Status> ControlClient::put_receipt(Peer peer, OfferId offer, Receipt receipt) {
    Result<Reply> const reply =
        co_await tell(std::move(peer), Method::put, receipt_path(offer), encode_receipt(receipt));
    co_return reply ? Status() : Status(fail(reply.error()));
}

asio::awaitable<Result<std::uint64_t>> ControlClient::blob_size(Peer peer, ContentId id) {
    Request request;
    request.line.method = Method::head;
    request.line.target = blob_path(id);
    Result<Reply> const reply = co_await ask(std::move(peer), std::move(request));
    if (!reply) co_return fail(reply.error());
    if (reply->head.status != 200) co_return fail(refused_by(reply->head.status, {}));
    co_return reply->head.content_length;
}

asio::awaitable<Result<Bytes>> ControlClient::fetch_layer(Peer peer, ContentId id) {
    return read(std::move(peer), layer_path(id), control_limits::layer_bytes);
}

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

asio::awaitable<Result<IntakeAnswer>> ControlClient::put_blob(Peer peer, BlobPut put) {
    std::uint64_t const end = put.end == 0 ? put.size : put.end;
    if (put.from >= end) co_return fail(Fault::usage, "nothing to send");
    RequestLine line;
    line.method = Method::put;
    line.target = blob_path(put.id);
    line.content_length = end - put.from;
    line.content_range = ContentRange{ByteRange{put.from, end - 1}, put.size};
    Result<Lease> lease = co_await begin(std::move(peer), std::move(line));
    if (!lease) co_return fail(lease.error());
    auto const channel = lease->channel();
    auto early = std::make_shared<EarlyReply>(owner_.get_executor());
    asio::co_spawn(owner_, await_reply(channel, early), asio::detached);
    std::uint64_t sent = 0;
    OutgoingBody body;
    body.file = put.file;
    body.growth = put.growth;
    body.first = put.from;
    body.bytes = end - put.from;
    body.chunk_patience = limits_.chunk;
    body.go_on = [&](std::uint64_t so_far) {
        sent = so_far;
        if (put.progress) put.progress(put.from + so_far);
        return !early->done.is_set();
    };
    PumpResult const pumped =
        co_await send_body(*channel, workers_, *limits_.traffic, std::move(body));
    bool const all_sent = sent == end - put.from;
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
    // Once more where the connection broke, as long as something comes. Not where the other side
    // has fallen silent: somebody else may have it, and the caller knows.
    for (;;) {
        std::uint64_t const before = fetch.into->offset();
        Status const fetched = co_await fetch_bytes(peer, fetch);
        bool const broken = !fetched && fetched.error().fault == Fault::unavailable;
        if (!broken || fetch.into->offset() == before) co_return fetched;
    }
}

asio::awaitable<Status> ControlClient::fetch_bytes(Peer peer, BlobFetch fetch) {
    std::uint64_t const first = fetch.into->offset();
    ByteRange const wanted{first, (fetch.end == 0 ? fetch.size : fetch.end) - 1};
    RequestLine line;
    line.target = blob_path(fetch.id);
    line.range = wanted;
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
