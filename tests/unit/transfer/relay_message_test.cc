#include "transfer/relay_message.h"

#include <doctest/doctest.h>

#include "src/core/msgpack_codec.h"

using namespace satchel;
using namespace satchel::transfer;

namespace {

RelayToken const token = [] {
    RelayToken made;
    for (std::size_t i = 0; i < made.bytes.size(); ++i)
        made.bytes[i] = static_cast<Byte>(i * 7);
    return made;
}();

}  // namespace

TEST_CASE("relay message: comes back as it went") {
    CHECK(decode_relay_answer(encode_relay_answer(token)) == token);
    for (RelaySide const side : {RelaySide::dialler, RelaySide::listener}) {
        auto const bytes = encode_relay_greeting({side, token});
        auto const greeting = decode_relay_greeting(bytes);
        REQUIRE(greeting);
        CHECK(greeting->side == side);
        CHECK(greeting->token == token);
    }
}

TEST_CASE("relay message: TLS is no greeting, nor is anything else") {
    auto const whole = encode_relay_greeting({RelaySide::dialler, token});
    CHECK(whole.front() == relay_mark);
    CHECK(relay_mark != 0x16);  // RFC 8446 §5.1: a handshake's record
    for (std::size_t at = 0; at < whole.size(); ++at)
        CHECK_FALSE(decode_relay_greeting(ByteSpan(whole).first(at)));
    for (std::size_t at = 0; at < 8; ++at) {
        auto wrong = whole;
        wrong[at] ^= 1;
        CAPTURE(at);
        CHECK_FALSE(decode_relay_greeting(wrong));
    }
    Bytes longer(whole.begin(), whole.end());
    longer.push_back(0);
    CHECK_FALSE(decode_relay_greeting(longer));
}

TEST_CASE("relay message: an answer holds one whole token") {
    for (std::size_t const size : {0U, 31U, 33U}) {
        MsgpackWriter out;
        out.map(1).key(1).binary(Bytes(size));
        CAPTURE(size);
        CHECK_FALSE(decode_relay_answer(out.take()));
    }
    Bytes const whole = encode_relay_answer(token);
    for (std::size_t at = 0; at < whole.size(); ++at)
        CHECK_FALSE(decode_relay_answer(ByteSpan(whole).first(at)));
}
