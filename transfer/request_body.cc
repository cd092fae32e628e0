#include "transfer/request_body.h"

#include <utility>

namespace satchel::transfer {

asio::awaitable<Result<RequestBody>> read_request_body(TlsChannel& channel, BodyRoom& room,
                                                       BodyRoom::Claim claim,
                                                       std::chrono::milliseconds patience) {
    std::size_t const bytes = claim.bytes;
    auto share = co_await room.take(std::move(claim));
    if (!share) co_return fail(Fault::unavailable, "too much is being read; later may do");
    RequestBody body{Bytes(bytes), std::move(*share)};
    channel.deadline().expires_after(patience);
    Status const read = co_await channel.read_exactly(body.bytes);
    channel.deadline().suspend();
    if (!read) co_return fail(Fault::timed_out, read.error().what);
    body.room.keep();
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
