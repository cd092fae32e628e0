#include "transfer/relay_message.h"

#include <algorithm>

#include "src/core/msgpack_codec.h"
#include "transfer/control_limits.h"

namespace satchel::transfer {

namespace {

constexpr std::string_view name = "SATCHEL";
static_assert(name.size() + 1 + sizeof(RelayToken) == relay_greeting_bytes);
static_assert(name.front() == relay_mark);

constexpr Byte dialler = 'd';
constexpr Byte listener = 'l';

}  // namespace

Bytes encode_relay_answer(RelayToken const& token) {
    MsgpackWriter out;
    out.map(1).key(1).binary(token.bytes);
    return out.take();
}

Result<RelayToken> decode_relay_answer(ByteSpan body) {
    auto const value = decode_msgpack(body, control_limits::small_answer_bytes);
    if (!value) return fail(value.error());
    auto fields = MsgpackFields::of_map(*value);
    RelayToken token;
    token.bytes = fields.binary_of<32>(1);
    if (auto status = fields.status(); !status) return fail(status.error());
    return token;
}

std::array<Byte, relay_greeting_bytes> encode_relay_greeting(RelayGreeting const& greeting) {
    std::array<Byte, relay_greeting_bytes> bytes{};
    auto at = std::copy(name.begin(), name.end(), bytes.begin());
    *at++ = greeting.side == RelaySide::dialler ? dialler : listener;
    std::copy(greeting.token.bytes.begin(), greeting.token.bytes.end(), at);
    return bytes;
}

Result<RelayGreeting> decode_relay_greeting(ByteSpan bytes) {
    bool const form = bytes.size() == relay_greeting_bytes &&
                      std::equal(name.begin(), name.end(), bytes.begin()) &&
                      (bytes[name.size()] == dialler || bytes[name.size()] == listener);
    if (!form) return fail(Fault::corrupt, "not a greeting to a relay");
    RelayGreeting greeting;
    if (bytes[name.size()] == listener) greeting.side = RelaySide::listener;
    auto const token = bytes.subspan(name.size() + 1);
    std::copy(token.begin(), token.end(), greeting.token.bytes.begin());
    return greeting;
}

}  // namespace satchel::transfer
