#include "transfer/control_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/core/limits.h"
#include "transfer/device_proof.h"
#include "transfer/endpoint_rule.h"
#include "transfer/merkle_root.h"
#include "transfer/swarm_invitation.h"

namespace satchel::transfer {

ControlConnection::ControlConnection(asio::ip::tcp::socket socket, std::string ip,
                                     asio::ssl::context& context, ControlHouse& house)
    : house_(house)
    , ip_(std::move(ip))
    , channel_(std::move(socket), context) {}

asio::awaitable<ControlConnection::Greeting> ControlConnection::greet() {
    channel_.deadline().expires_after(house_.limits.handshake);
    auto const first = co_await channel_.first_byte();
    if (!first) co_return Greeting::none;
    if (*first == relay_mark) co_return Greeting::relay;
    Status const shaken = co_await channel_.accept_handshake(house_.limits.handshake);
    co_return shaken ? Greeting::tls : Greeting::none;
}

asio::awaitable<void> ControlConnection::relay() {
    std::array<Byte, relay_greeting_bytes> bytes{};
    Status const read = co_await channel_.read_untouched(bytes);
    channel_.deadline().suspend();
    auto const greeting = decode_relay_greeting(bytes);
    if (!read || !greeting) co_return;
    co_await house_.relays.take(channel_.release(), *greeting);
}

asio::awaitable<void> ControlConnection::serve() {
    bool go_on = true;
    while (go_on && !house_.stopping) {
        busy_ = false;
        auto head = co_await channel_.read_head(house_.limits.idle, house_.limits.head);
        busy_ = true;
        if (!head && head.error().fault == Fault::too_large) {
            keep_alive_ = false;
            Answer refused = answer_of(Refusal{431, "too-large", head.error().what});
            refused.hang_up = true;
            go_on = co_await send(std::move(refused));
            continue;
        }
        if (!head || head->empty()) break;
        go_on = co_await serve_one(std::move(*head));
    }
    channel_.close();
}

asio::awaitable<void> ControlConnection::turn_away() {
    auto const head = co_await channel_.read_head(house_.limits.head, house_.limits.head);
    if (head && !head->empty()) {
        Answer busy = answer_of(Refusal{429, "busy", "too many connections; later may do"});
        busy.hang_up = true;
        co_await send(std::move(busy));
    }
    channel_.close();
}

Result<Caller> ControlConnection::caller_of(RequestHead const& head) {
    Caller caller{channel_.peer(), std::nullopt, ip_};
    if (head.device.empty()) return caller;
    auto const exporter = channel_.device_exporter();
    if (!exporter) return fail(exporter.error());
    auto const key = check_device_proof(head.device, *exporter);
    if (!key) return fail(key.error());
    caller.device = *key;
    return caller;
}

asio::awaitable<bool> ControlConnection::serve_one(std::string head_text) {
    auto const head = parse_request_head(head_text);
    if (!head) {
        Answer refused = answer_of(Refusal{400, "bad-request", head.error().what});
        refused.hang_up = true;
        co_return co_await send(std::move(refused));
    }
    keep_alive_ = head->keep_alive;
    bodyless_ = head->method == Method::head;
    auto const caller = caller_of(*head);
    if (!caller) {
        Answer refused = answer_of(Refusal{401, "bad-device", caller.error().what});
        refused.hang_up = true;
        co_return co_await send(std::move(refused));
    }
    ControlRequest request = read_request(*head);
    if (auto const* blob = std::get_if<AskBlob>(&request)) {
        co_return co_await send_blob(*blob, *caller);
    }
    if (auto const* layer = std::get_if<AskLayer>(&request)) {
        co_return co_await send_layer(layer->id, *caller);
    }
    bool const refused_with_body =
        std::holds_alternative<Refusal>(request) && head->content_length.value_or(0) > 0;
    Answer result = co_await answer(std::move(request), *caller);
    result.hang_up = result.hang_up || refused_with_body;
    co_return co_await send(std::move(result));
}

asio::awaitable<Answer> ControlConnection::answer(ControlRequest request, Caller caller) {
    ControlSession const& session = house_.session;
    if (auto const* refusal = std::get_if<Refusal>(&request)) co_return answer_of(*refusal);
    if (std::holds_alternative<AskPing>(request)) co_return session.ping();
    if (auto const* ask = std::get_if<AskWaiting>(&request))
        co_return co_await session.waiting(caller, ask->id);
    if (auto const* ask = std::get_if<AskHoldings>(&request))
        co_return co_await session.holdings(caller, ask->after);
    if (auto const* ask = std::get_if<AskOffer>(&request)) co_return session.offer(caller, ask->id);
    if (auto const* ask = std::get_if<AskReceipt>(&request))
        co_return session.receipt(caller, ask->offer);
    if (auto const* post = std::get_if<PostOffer>(&request)) {
        co_return co_await take_offer(*post, caller);
    }
    if (auto const* put = std::get_if<PutLayer>(&request)) {
        co_return co_await take_layer(*put, caller);
    }
    if (auto const* put = std::get_if<PutSwarm>(&request)) {
        co_return co_await take_invitation(*put, caller);
    }
    if (auto const* ask = std::get_if<AskSwarm>(&request)) {
        co_return co_await house_.intake.swarm_news(caller, ask->id);
    }
    if (auto const* post = std::get_if<PostEnroll>(&request)) {
        co_return co_await take_enrolment(*post, caller);
    }
    if (auto const* post = std::get_if<PostReach>(&request)) {
        co_return co_await take_reach(*post, caller);
    }
    if (auto const* put = std::get_if<PutRecords>(&request)) {
        co_return co_await take_records(*put, caller);
    }
    if (auto const* put = std::get_if<PutReceipt>(&request)) {
        co_return co_await take_receipt(*put, caller);
    }
    if (std::holds_alternative<HoldLine>(request)) co_return co_await hold_line(caller);
    if (auto const* ask = std::get_if<PingLine>(&request)) co_return co_await ping_line(ask->node);
    if (auto const* post = std::get_if<PostOrder>(&request)) co_return co_await take_order(*post);
    if (auto const* post = std::get_if<PostRelay>(&request)) co_return open_relay(*post, caller);
    if (auto const* put = std::get_if<PutBlob>(&request)) {
        std::function<void()> interrupt = [self = weak_from_this()] {
            if (auto const here = self.lock()) here->close();
        };
        co_return co_await house_.intake.take_blob(caller, *put, channel_, std::move(interrupt));
    }
    co_return nothing_here();
}

asio::awaitable<Result<RequestBody>> ControlConnection::read_body(std::size_t bytes) {
    BodyRoom::Claim claim{transfer::caller_of(ip_), bytes, [this] { close(); }};
    co_return co_await read_request_body(channel_, house_.bodies, std::move(claim),
                                         house_.limits.small_body);
}

asio::awaitable<Answer> ControlConnection::take_offer(PostOffer request, Caller caller) {
    Result<RequestBody> body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    Result<OfferRequest> offer = decode_offer_request(std::exchange(body->bytes, {}));
    if (!offer) {
        unsigned const status = offer.error().fault == Fault::too_large ? 413 : 400;
        co_return answer_of(Refusal{status, "bad-offer", offer.error().what});
    }
    co_return co_await house_.intake.take_offer(house_.session, caller, std::move(*offer));
}

/// A stranger must not make us read megabytes: nothing of what was not offered, and no more than
/// its layer can be.
std::optional<Answer> ControlConnection::unwanted_layer(ContentId const& id,
                                                        std::size_t bytes) const {
    auto const incoming = house_.intake.offers().find_upload(channel_.peer(), id);
    std::optional<Answer> refused;
    if (!incoming) {
        refused = nothing_here();
    } else if (bytes > layer_bytes_for(incoming->offer.size)) {
        refused = answer_of(Refusal{422, "wrong-bytes", "longer than this blob's layer"});
    }
    if (refused) refused->hang_up = true;
    return refused;
}

asio::awaitable<Answer> ControlConnection::take_layer(PutLayer request, Caller caller) {
    if (auto refused = unwanted_layer(request.id, request.body_bytes))
        co_return std::move(*refused);
    Result<RequestBody> body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    co_return co_await house_.intake.take_layer(caller, request.id, std::move(body->bytes));
}

asio::awaitable<Answer> ControlConnection::take_invitation(PutSwarm request, Caller caller) {
    std::size_t const beside = std::min(request.body_bytes, swarm_invitation_bytes_beside_layer);
    auto refused = unwanted_layer(request.id, request.body_bytes - beside);
    if (refused) co_return std::move(*refused);
    Result<RequestBody> body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    auto invitation = decode_swarm_invitation(std::exchange(body->bytes, {}));
    if (!invitation) co_return answer_of(Refusal{400, "bad-request", invitation.error().what});
    co_return co_await house_.intake.take_invitation(caller, request.id, std::move(*invitation));
}

asio::awaitable<Answer> ControlConnection::take_enrolment(PostEnroll request, Caller caller) {
    Result<RequestBody> const body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    if (!caller.device) {
        co_return answer_of(Refusal{401, "bad-device", "the user key that asks must be shown"});
    }
    auto enroll = decode_enroll_request(body->bytes);
    if (!enroll) co_return answer_of(Refusal{400, "bad-request", enroll.error().what});
    auto const ruled = co_await house_.host.enroll(caller, std::move(*enroll));
    if (!ruled) co_return answer_of(refusal_for(ruled.error()));
    co_return Answer{ruled->grant ? 200U : 202U, encode_enroll_answer(*ruled), false};
}

asio::awaitable<Answer> ControlConnection::take_reach(PostReach request, Caller caller) {
    Result<RequestBody> const body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    auto reach = decode_reach_request(body->bytes);
    if (!reach) co_return answer_of(Refusal{400, "bad-request", reach.error().what});
    auto const tried = co_await house_.host.try_reach(caller, std::move(*reach));
    if (!tried) co_return answer_of(refusal_for(tried.error()));
    co_return Answer{200, encode_reach_answer(*tried), false};
}

asio::awaitable<Answer> ControlConnection::take_records(PutRecords request, Caller caller) {
    Result<RequestBody> const body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    auto records = decode_records(body->bytes);
    if (!records) co_return answer_of(Refusal{400, "bad-request", records.error().what});
    Status const kept = co_await house_.host.keep_records(caller, std::move(*records));
    co_return kept ? Answer{204, {}, false} : answer_of(refusal_for(kept.error()));
}

asio::awaitable<Answer> ControlConnection::hold_line(Caller caller) {
    LineAnswer const orders = co_await house_.host.hold_line(caller, house_.limits.line);
    auto body = encode_line_answer(orders);
    if (!body) co_return answer_of(refusal_for(body.error()));
    co_return Answer{200, std::move(*body), false};
}

asio::awaitable<Answer> ControlConnection::ping_line(NodeKey node) {
    Status const there = co_await house_.host.ping_line(node);
    co_return there ? Answer{204, {}, false} : answer_of(refusal_for(there.error()));
}

asio::awaitable<Answer> ControlConnection::take_order(PostOrder request) {
    Result<RequestBody> const body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    auto const notice = decode_pull_notice(body->bytes);
    if (!notice) co_return answer_of(Refusal{400, "bad-request", notice.error().what});
    Status const passed = house_.host.pass_order(request.node, *notice);
    co_return passed ? Answer{202, {}, false} : answer_of(refusal_for(passed.error()));
}

Answer ControlConnection::open_relay(PostRelay request, Caller const& caller) {
    auto const token = house_.relays.open({caller.node, caller.ip, request.node});
    if (!token) return answer_of(refusal_for(token.error()));
    Status const called = house_.host.call_to_meeting(request.node, *token);
    if (called) return Answer{200, encode_relay_answer(*token), false};
    house_.relays.close(*token);
    return answer_of(refusal_for(called.error()));
}

asio::awaitable<Answer> ControlConnection::take_receipt(PutReceipt request, Caller caller) {
    Result<RequestBody> const body = co_await read_body(request.body_bytes);
    if (!body) co_return answer_to_unread(body.error());
    auto const receipt = decode_receipt(body->bytes);
    if (!receipt) co_return answer_of(Refusal{400, "bad-request", receipt.error().what});
    Status const taken = co_await house_.host.receipt_arrived(caller, request.offer, *receipt);
    co_return taken ? Answer{204, {}, false} : answer_of(refusal_for(taken.error()));
}

asio::awaitable<bool> ControlConnection::send(Answer answer) {
    AnswerLine line;
    line.status = answer.status;
    line.content_length = answer.body.size();
    line.keep_alive = keep_alive_ && !answer.hang_up && !house_.stopping;
    // Head and body in one TLS record: one packet for what is small.
    std::string text = write_answer_head(line);
    if (!bodyless_) text += text_of(answer.body);
    bool const sent = co_await send_text(std::move(text));
    if (!sent) co_return false;
    if (answer.hang_up) co_await linger();
    co_return line.keep_alive;
}

asio::awaitable<bool> ControlConnection::send_text(std::string head_and_body) {
    channel_.deadline().expires_after(house_.limits.small_body);
    Status const written = co_await channel_.write(bytes_of(head_and_body));
    channel_.deadline().suspend();
    co_return written.has_value();
}

/// Closing with unread bytes makes the system reset the connection, and the caller might never see
/// the answer. So for a moment what still comes is read and dropped.
asio::awaitable<void> ControlConnection::linger() {
    channel_.end_sending();
    channel_.deadline().expires_after(house_.limits.linger);
    co_await channel_.drop_the_rest();
}

}  // namespace satchel::transfer
