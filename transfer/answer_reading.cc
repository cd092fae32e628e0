#include "transfer/answer_reading.h"

#include "transfer/intake_answer.h"

namespace satchel::transfer {

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

}  // namespace satchel::transfer
