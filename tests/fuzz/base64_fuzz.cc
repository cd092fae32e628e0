// Any bytes as base64: the streaming decoder agrees with itself whatever the pieces, with the
// strict one on what both take, and with the encoder.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "src/base/base64.h"
#include "src/base/base64_decoder.h"
#include "src/base/base64_encoder.h"

using namespace satchel;

namespace {

Result<Bytes> decode(ByteSpan text, std::size_t step) {
    Base64Decoder decoder;
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += step) {
        auto const status = decoder.decode(text.subspan(i, std::min(step, text.size() - i)), out);
        if (!status) return fail(status.error());
    }
    if (auto const status = decoder.finish(); !status) return fail(status.error());
    return out;
}

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const text(data, size);
    auto const whole = decode(text, size + 1);
    auto const pieces = decode(text, 1 + size % 7);
    require(whole.has_value() == pieces.has_value());
    if (whole) require(*whole == *pieces);
    std::string digits(text_of(text));
    std::erase_if(digits, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    auto const strict = from_base64(digits);
    require(whole.has_value() == strict.has_value());
    if (whole) require(*whole == *strict);
    std::string encoded;
    Base64Encoder encoder(size % 80);
    encoder.encode(text, encoded);
    encoder.finish(encoded);
    auto const back = decode(bytes_of(encoded), 5);
    require(back && std::equal(back->begin(), back->end(), text.begin(), text.end()));
    return 0;
}
