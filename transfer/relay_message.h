// How two nodes that can't be dialled meet at a gateway: a token, and the greeting that opens a
// connection for it. Bytes: transfer/PROTOCOL.md.
#pragma once

#include <array>
#include <compare>
#include <cstddef>

#include "src/base/bytes.h"
#include "src/base/result.h"

namespace satchel::transfer {

/// Good for one meeting. It admits to a place, and to nothing that is said there: whoever steals it
/// can keep two nodes apart, as anybody on the line can.
struct RelayToken {
    std::array<Byte, 32> bytes{};

    friend auto operator<=>(RelayToken const&, RelayToken const&) = default;
};

/// Body of the answer to `POST /v1/line/<node key>/relay`.
Bytes encode_relay_answer(RelayToken const& token);
Result<RelayToken> decode_relay_answer(ByteSpan body);

/// Who begins the handshake when both are there.
enum class RelaySide { dialler, listener };

/// The first bytes of a connection to a control port, in place of TLS.
struct RelayGreeting {
    RelaySide side = RelaySide::dialler;
    RelayToken token;
};

inline constexpr std::size_t relay_greeting_bytes = 40;
inline constexpr Byte relay_mark = 'S';  ///< first byte of a greeting; TLS begins with 22
inline constexpr Byte relay_joined = 1;  ///< the gateway's only byte: the other one is there

std::array<Byte, relay_greeting_bytes> encode_relay_greeting(RelayGreeting const& greeting);
Result<RelayGreeting> decode_relay_greeting(ByteSpan bytes);

}  // namespace satchel::transfer
