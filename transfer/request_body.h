// The body of a request that is read whole, as all but those of blobs are.
#pragma once

#include <chrono>

#include "transfer/body_room.h"
#include "transfer/control_session.h"
#include "transfer/tls_channel.h"

namespace satchel::transfer {

struct RequestBody {
    Bytes bytes;
    BodyRoom::Share room;  ///< to be kept as long as the bytes, or what was made of them
};

/// Faults: unavailable, no room for it; or the connection broke, or was too slow.
asio::awaitable<Result<RequestBody>> read_request_body(TlsChannel& channel, BodyRoom& room,
                                                       BodyRoom::Claim claim,
                                                       std::chrono::milliseconds patience);

/// To a request whose body could not be read.
Answer answer_to_unread(Error const& error);

}  // namespace satchel::transfer
