// Any bytes as the bodies of the control protocol. Unknown keys are left out, so what decodes need
// not be what was written, but it comes back the same.
#include <cstdint>
#include <optional>

#include "tests/fuzz/require.h"
#include "transfer/control_message.h"
#include "transfer/holdings_message.h"

using namespace satchel;
using testing::require;

namespace {

Bytes encoded(transfer::OfferRequest const& request) {
    std::optional<ByteSpan> blob;
    if (request.blob) blob = *request.blob;
    return transfer::encode_offer_request(request.offer, blob);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ByteSpan const body(data, size);
    if (auto const ping = transfer::decode_ping(body))
        require(*transfer::decode_ping(transfer::encode_ping(*ping)) == *ping);
    if (auto const progress = transfer::decode_progress(body)) {
        require(*transfer::decode_progress(transfer::encode_progress(*progress)) == *progress);
        require(!progress->until || *progress->until > progress->have);
    }
    if (auto const request = transfer::decode_offer_request(body)) {
        auto const again = transfer::decode_offer_request(encoded(*request));
        require(again && encoded(*again) == encoded(*request));
    }
    if (auto const waiting = transfer::decode_waiting(body))
        require(transfer::decode_waiting(transfer::encode_waiting(*waiting)).has_value());
    if (auto const part = transfer::decode_holdings(body))
        require(*transfer::decode_holdings(transfer::encode_holdings(*part)) == *part);
    static_cast<void>(transfer::decode_refusal(403, body));
    return 0;
}
