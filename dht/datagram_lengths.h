// A datagram whose msgpack promises more than it holds must not reach OpenDHT: its parser makes
// room for 2^32 elements on the word of five bytes. Pure.
#pragma once

#include "src/base/bytes.h"

namespace satchel::location {

/// True where the first msgpack value of `datagram` is complete: every array, map, string and
/// binary in it has as much as it says. Does not allocate.
bool lengths_hold(ByteSpan datagram);

}  // namespace satchel::location
