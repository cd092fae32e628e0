// Any bytes as an offer: what decodes is what encode would have written.
#include <cstdint>

#include "src/core/offer.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    auto const value = decode_offer(bytes);
    if (!value) return 0;
    require(encode_offer(*value) == copy_of(bytes));
    static_cast<void>(offer_signature_holds(*value));
    return 0;
}
