// An answer, as whoever has asked reads it: bounded, its waits are the caller's.
#pragma once

#include <string>
#include <utility>

#include "transfer/http_head.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

/// Head and body of an answer of at most `max` bytes; `text` is the head as it came. Fault::corrupt
/// where it makes no sense.
asio::awaitable<Result<std::pair<AnswerHead, Bytes>>> read_answer(TlsChannel& channel,
                                                                  Result<std::string> const& text,
                                                                  std::size_t max, bool bodyless);

}  // namespace satchel::transfer
