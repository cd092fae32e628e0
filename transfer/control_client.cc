#include "transfer/control_client.h"

#include "transfer/answer_reading.h"
#include "transfer/control_request.h"
#include "transfer/device_proof.h"
#include "transfer/tls_channel.h"
#include "transfer/traffic.h"

namespace satchel::transfer {
namespace {

bool may_have_body(Method method) {
    return method == Method::put || method == Method::post;
}

}  // namespace

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
    if (auto const exporter = channel.device_exporter())
        line.device = make_device_proof(*user_key_, *exporter);
    return write_request_head(line);
}

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

}  // namespace satchel::transfer
