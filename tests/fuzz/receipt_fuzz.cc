// Any bytes as a receipt: what decodes is what encode would have written.
#include <cstdint>

#include "src/core/receipt.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    auto const value = decode_receipt(bytes);
    if (!value) return 0;
    require(encode_receipt(*value) == copy_of(bytes));
    return 0;
}
