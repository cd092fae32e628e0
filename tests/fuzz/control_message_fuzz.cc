// Any bytes as the bodies of the control protocol: what decodes is what encode would have written.
#include <cstdint>

#include "tests/fuzz/require.h"
#include "transfer/control_message.h"

using namespace satchel;
using testing::require;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const body(data, size);
    Bytes const bytes = copy_of(body);
    if (auto const ping = transfer::decode_ping(body))
        require(transfer::encode_ping(*ping) == bytes);
    if (auto const progress = transfer::decode_progress(body))
        require(transfer::encode_progress(*progress) == bytes);
    if (auto const request = transfer::decode_offer_request(body)) {
        std::optional<ByteSpan> blob;
        if (request->blob) blob = *request->blob;
        require(transfer::encode_offer_request(request->offer, blob) == bytes);
    }
    static_cast<void>(transfer::decode_refusal(403, body));
    static_cast<void>(transfer::decode_waiting(body));
    return 0;
}
