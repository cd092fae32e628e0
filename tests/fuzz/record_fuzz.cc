// Any bytes as a record of the DHT: what decodes is what encode would have written, and neither
// checking nor opening it does harm.
#include <cstdint>

#include "src/core/pull_notice.h"
#include "src/core/record_envelope.h"
#include "tests/fuzz/require.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const bytes(data, size);
    auto const value = decode_record(bytes);
    if (!value) return 0;
    require(encode_record(*value) == copy_of(bytes));
    require(size == encoded_bytes(value->kind));
    static_cast<void>(check_record(*value, value->dht_key, value->issued));
    static_cast<void>(open_record(*value, SealKey{}));
    static SigningKey const node = SigningKey::from_seed(Secret<32>());
    static_cast<void>(open_notice(*value, node));
    return 0;
}
