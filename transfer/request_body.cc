#include "transfer/request_body.h"

#include <algorithm>
#include <span>
#include <utility>

namespace satchel::transfer {
namespace {

constexpr std::size_t noted_bytes = std::size_t{4} * 1024;

}  // namespace

asio::awaitable<Result<RequestBody>> read_request_body(TlsChannel& channel, BodyRoom& room,
                                                       BodyRoom::Claim claim,
                                                       std::chrono::milliseconds patience) {
    std::size_t const bytes = claim.bytes;
    RequestBody body;
    if (bytes > control_limits::roomless_body_bytes) {
        auto share = co_await room.take(std::move(claim));
        if (!share) co_return fail(Fault::unavailable, "too much is being read; later may do");
        body.room = std::move(*share);
    }
    body.bytes.resize(bytes);
    channel.deadline().expires_after(patience);
    Status read;
    for (auto rest = std::span(body.bytes); read && !rest.empty(); body.room.note()) {
        auto const part = rest.first(std::min(rest.size(), noted_bytes));
        read = co_await channel.read_exactly(part);
        rest = rest.subspan(part.size());
    }
    channel.deadline().suspend();
    if (!read) co_return fail(Fault::timed_out, read.error().what);
    body.room.arrived();
    co_return body;
}

Answer answer_to_unread(Error const& error) {
    Answer answer;
    answer.status = 408;
    if (error.fault == Fault::unavailable) answer = answer_of(Refusal{429, "busy", error.what});
    answer.hang_up = true;
    return answer;
}

}  // namespace satchel::transfer
