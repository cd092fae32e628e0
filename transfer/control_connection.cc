#include "transfer/control_connection.h"

#include <array>

#include "src/core/limits.h"
#include "transfer/body_pump.h"
#include "transfer/device_proof.h"

namespace satchel::transfer {
namespace {

constexpr std::string_view octets = "application/octet-stream";

}  // namespace

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

asio::awaitable<Result<Bytes>> ControlConnection::read_body(std::size_t bytes) {
    Bytes body(bytes);
    channel_.deadline().expires_after(house_.limits.small_body);
    Status const read = co_await channel_.read_exactly(body);
    channel_.deadline().suspend();
    if (!read) co_return fail(read.error());
    co_return body;
}

asio::awaitable<Answer> ControlConnection::take_offer(PostOffer request, Caller caller) {
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    Result<OfferRequest> offer = decode_offer_request(*body);
    if (!offer) {
        unsigned const status = offer.error().fault == Fault::too_large ? 413 : 400;
        co_return answer_of(Refusal{status, "bad-offer", offer.error().what});
    }
    co_return co_await house_.intake.take_offer(house_.session, caller, std::move(*offer));
}

asio::awaitable<Answer> ControlConnection::take_layer(PutLayer request, Caller caller) {
    // A stranger must not make us read megabytes.
    if (!house_.intake.offers().find_upload(caller.node, request.id)) {
        Answer refused = nothing_here();
        refused.hang_up = true;
        co_return refused;
    }
    Result<Bytes> body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    co_return co_await house_.intake.take_layer(caller, request.id, std::move(*body));
}

asio::awaitable<Answer> ControlConnection::take_invitation(PutSwarm request, Caller caller) {
    // Nor here.
    if (!house_.intake.offers().find_upload(caller.node, request.id)) {
        Answer refused = nothing_here();
        refused.hang_up = true;
        co_return refused;
    }
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    auto invitation = decode_swarm_invitation(*body);
    if (!invitation) co_return answer_of(Refusal{400, "bad-request", invitation.error().what});
    co_return co_await house_.intake.take_invitation(caller, request.id, std::move(*invitation));
}

asio::awaitable<Answer> ControlConnection::take_enrolment(PostEnroll request, Caller caller) {
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    if (!caller.device) {
        co_return answer_of(Refusal{401, "bad-device", "the user key that asks must be shown"});
    }
    auto enroll = decode_enroll_request(*body);
    if (!enroll) co_return answer_of(Refusal{400, "bad-request", enroll.error().what});
    auto const ruled = co_await house_.host.enroll(caller, std::move(*enroll));
    if (!ruled) co_return answer_of(refusal_for(ruled.error()));
    co_return Answer{ruled->grant ? 200U : 202U, encode_enroll_answer(*ruled), false};
}

asio::awaitable<Answer> ControlConnection::take_reach(PostReach request, Caller caller) {
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    auto reach = decode_reach_request(*body);
    if (!reach) co_return answer_of(Refusal{400, "bad-request", reach.error().what});
    auto const tried = co_await house_.host.try_reach(caller, std::move(*reach));
    if (!tried) co_return answer_of(refusal_for(tried.error()));
    co_return Answer{200, encode_reach_answer(*tried), false};
}

asio::awaitable<Answer> ControlConnection::take_records(PutRecords request, Caller caller) {
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    auto records = decode_records(*body);
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
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    auto const notice = decode_pull_notice(*body);
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
    Result<Bytes> const body = co_await read_body(request.body_bytes);
    if (!body) co_return Answer{408, {}, true};
    auto const receipt = decode_receipt(*body);
    if (!receipt) co_return answer_of(Refusal{400, "bad-request", receipt.error().what});
    Status const taken = co_await house_.host.receipt_arrived(caller, request.offer, *receipt);
    co_return taken ? Answer{204, {}, false} : answer_of(refusal_for(taken.error()));
}

asio::awaitable<Result<ControlConnection::Source>> ControlConnection::find_source(ContentId id,
                                                                                  Caller caller,
                                                                                  Wanted wanted) {
    auto look = [&store = house_.store, id] { return store.find(id); };
    auto const held = co_await house_.pool.await(std::move(look));
    if (!held) co_return fail(held.error());
    Source source;
    if (*held && house_.session.may_read(caller, **held)) {
        auto open = [&store = house_.store, id, wanted, size = (*held)->size]() -> Result<Source> {
            Source opened;
            opened.size = size;
            if (wanted == Wanted::layer) {
                auto layer = store.layer(id);
                if (!layer) return fail(layer.error());
                opened.layer = std::move(*layer);
                return opened;
            }
            auto file = store.open(id);
            if (!file) return fail(file.error());
            opened.file = std::make_shared<UniqueFd>(std::move(*file));
            return opened;
        };
        co_return co_await house_.pool.await(std::move(open));
    }
    Result<OutgoingContent> outgoing = fail(Fault::not_found, "nothing here");
    if (house_.session.is_offered_to(caller, id)) {
        outgoing = house_.host.open_outgoing(id, caller.node);
    } else {
        outgoing = co_await house_.host.open_kept(caller, id);
    }
    if (!outgoing) co_return fail(outgoing.error());
    source.file = std::make_shared<UniqueFd>(std::move(outgoing->file));
    source.size = outgoing->size;
    source.layer = std::move(outgoing->layer);
    source.sent = std::move(outgoing->sent);
    co_return source;
}

asio::awaitable<bool> ControlConnection::send_blob(AskBlob request, Caller caller) {
    Result<Source> const source = co_await find_source(request.id, caller, Wanted::file);
    if (!source) co_return co_await send(answer_of(refusal_for(source.error())));
    AnswerLine line;
    line.content_type = octets;
    line.keep_alive = keep_alive_ && !house_.stopping;
    ByteRange range{0, source->size - 1};
    if (!request.range.empty()) {
        auto const part = parse_range(request.range, source->size);
        if (!part && part.error().fault == Fault::too_large) {
            Refusal const refusal{416, "bad-range", part.error().what};
            co_return co_await send(answer_of(refusal));
        }
        if (part) {  // RFC 9110 §14.2: a form that we don't know counts as none
            range = *part;
            line.status = 206;
            line.content_range = ContentRange{range, source->size};
        }
    }
    line.content_length = range.bytes();
    line.masked = request.masked;
    std::string head = write_answer_head(line);
    if (!co_await send_text(std::move(head))) co_return false;
    if (request.head_only) co_return line.keep_alive;
    OutgoingBody body;
    body.file = source->file;
    body.first = range.first;
    body.bytes = range.bytes();
    body.masked = request.masked;
    body.chunk_patience = house_.limits.chunk;
    std::uint64_t counted = 0;
    body.go_on = [this, &source, &counted, first = range.first](std::uint64_t so_far) {
        house_.sent_bytes += so_far - std::exchange(counted, so_far);
        if (source->sent) source->sent(first + so_far);
        return true;
    };
    PumpResult const moved =
        co_await send_body(channel_, house_.pool, *house_.limits.traffic, body);
    if (!moved.network || !moved.disk) co_return false;  // the length tells the caller
    co_return line.keep_alive;
}

asio::awaitable<bool> ControlConnection::send_layer(ContentId id, Caller caller) {
    Result<Source> const source = co_await find_source(id, caller, Wanted::layer);
    if (!source) co_return co_await send(answer_of(refusal_for(source.error())));
    AnswerLine line;
    line.content_type = octets;
    line.content_length = source->layer.size();
    line.keep_alive = keep_alive_ && !house_.stopping;
    std::string text = write_answer_head(line);
    text += text_of(source->layer);
    if (!co_await send_text(std::move(text))) co_return false;
    co_return line.keep_alive;
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
