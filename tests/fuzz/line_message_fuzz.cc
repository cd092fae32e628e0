// What a gateway and the nodes behind it say to each other: orders and calls over a line, the token
// of a meeting, and the greeting that stands in place of TLS. What is read is written again the
// same way.
#include <algorithm>
#include <cstdint>

#include "tests/fuzz/require.h"
#include "transfer/control_limits.h"
#include "transfer/line_message.h"
#include "transfer/relay_message.h"

using namespace satchel;
using namespace satchel::transfer;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    if (auto const line = decode_line_answer(bytes)) {
        require(line->orders.size() <= control_limits::line_orders);
        require(line->meetings.size() <= control_limits::line_orders);
        auto const again = decode_line_answer(*encode_line_answer(*line));
        require(again && again->orders == line->orders && again->meetings == line->meetings);
    }
    if (auto const token = decode_relay_answer(bytes))
        require(*decode_relay_answer(encode_relay_answer(*token)) == *token);
    if (auto const greeting = decode_relay_greeting(bytes)) {
        auto const again = encode_relay_greeting(*greeting);
        require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
    }
    return 0;
}
