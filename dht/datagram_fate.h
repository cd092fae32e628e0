// What becomes of a datagram between a DHT node and the network: where tests and benches count,
// delay and lose. Nothing stands there in a node that serves users.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "src/base/bytes.h"
#include "src/core/endpoint.h"

namespace satchel::location {

/// Asked for each datagram before it leaves: how long it is on its way, or none where it gets lost.
/// Owner's thread.
using DatagramFate = std::function<std::optional<std::chrono::microseconds>(
    Endpoint const& from, Endpoint const& to, ByteSpan datagram)>;

}  // namespace satchel::location
