// What others fetch: blobs and their piece layers.
#include <utility>

#include "transfer/body_pump.h"
#include "transfer/control_connection.h"

namespace satchel::transfer {
namespace {

constexpr std::string_view octets = "application/octet-stream";

}  // namespace

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

}  // namespace satchel::transfer
