// A storage node's signed word, for one offer, that it holds a blob completely, verified and on
// disk. Bytes: src/core/FORMATS.md, "Receipt".
#pragma once

#include <cstdint>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/content_id.h"
#include "src/core/keys.h"
#include "src/core/offer.h"

namespace satchel {

struct Receipt {
    OfferDigest offer{};
    ContentId content_id;
    std::uint64_t size = 0;  ///< of the blob, in bytes
    NodeKey node;
    std::uint64_t time = 0;  ///< Unix seconds
    Signature signature{};

    friend bool operator==(Receipt const&, Receipt const&) = default;
};

Receipt sign_receipt(Receipt draft, SigningKey const& node_key);

/// Signed by `receipt.node`, and about this very offer. Whether that node may speak for the
/// recipient is the caller's question.
bool receipt_holds(Receipt const& receipt, Offer const& offer);

Bytes encode_receipt(Receipt const& receipt);
Result<Receipt> decode_receipt(ByteSpan bytes);

}  // namespace satchel
