// Body of `GET /v1/holdings`: what a node holds for the calling user, a part at a time, so that
// another of the user's nodes can list it. Bytes: transfer/PROTOCOL.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/content_id.h"

namespace satchel::transfer {

/// What somebody else holds, as they say.
struct ListedHolding {
    ContentId id;
    std::uint64_t size = 0;    ///< of the blob, in bytes
    std::uint64_t stored = 0;  ///< Unix seconds
    std::string account;       ///< whom the offer was attested for; "" for nobody
    Bytes label;               ///< sealed for the owner

    friend bool operator==(ListedHolding const&, ListedHolding const&) = default;
};

struct HoldingsPart {
    std::vector<ListedHolding> holdings{};  ///< at most control_limits::holdings_at_once
    /// Where to go on: those whose id comes after it. None: these were the last.
    std::optional<ContentId> next{};

    friend bool operator==(HoldingsPart const&, HoldingsPart const&) = default;
};

Bytes encode_holdings(HoldingsPart const& part);
Result<HoldingsPart> decode_holdings(ByteSpan body);

}  // namespace satchel::transfer
