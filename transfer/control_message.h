// Bodies of the control protocol as values, and their msgpack. Bytes: transfer/PROTOCOL.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/accept_policy.h"
#include "src/core/keys.h"
#include "src/core/offer.h"

namespace satchel::transfer {

/// `GET /v1/ping`.
struct PingAnswer {
    NodeKey node;
    bool available = false;
    AcceptPolicy accept;
    std::uint64_t clock = 0;  ///< Unix seconds

    friend bool operator==(PingAnswer const&, PingAnswer const&) = default;
};

Bytes encode_ping(PingAnswer const& answer);
Result<PingAnswer> decode_ping(ByteSpan body);

/// Body of `POST /v1/offers`. A blob that comes along is at most limits::inline_blob_bytes.
struct OfferRequest {
    Offer offer;
    std::optional<Bytes> blob;
};

Bytes encode_offer_request(Offer const& offer, std::optional<ByteSpan> blob);
Result<OfferRequest> decode_offer_request(ByteSpan body);

/// What the sender should do next.
enum class OfferAction : std::uint8_t {
    put = 1,   ///< send the bytes from `have` on
    pull = 2,  ///< the receiver comes for them
    swarm = 3,
    wait = 4,  ///< the same blob is arriving already: ask again
};

/// Bytes that lack.
struct Gap {
    std::uint64_t first = 0;
    std::uint64_t end = 0;  ///< behind the last, more than `first`

    friend bool operator==(Gap const&, Gap const&) = default;
};

/// Every 202.
struct OfferProgress {
    OfferAction action = OfferAction::put;
    std::uint64_t have = 0;  ///< bytes that need not be sent again
    /// More than `have`: what is from there on has come in part, and is not wanted now.
    std::optional<std::uint64_t> until{};
    /// What lacks behind that, as far as it is told, in order: so that all of it can come at once.
    std::vector<Gap> more{};

    friend bool operator==(OfferProgress const&, OfferProgress const&) = default;
};

Bytes encode_progress(OfferProgress const& progress);
Result<OfferProgress> decode_progress(ByteSpan body);

/// Every answer from 400 on.
struct Refusal {
    unsigned status = 403;
    std::string code;    ///< one word for programs: "too-large"
    std::string reason;  ///< a sentence for a person

    friend bool operator==(Refusal const&, Refusal const&) = default;
};

Bytes encode_refusal(Refusal const& refusal);

/// The reason comes from a stranger: control characters are taken out.
Result<Refusal> decode_refusal(unsigned status, ByteSpan body);

/// Body of `GET /v1/waiting`: at most control_limits::waiting_offers.
Bytes encode_waiting(std::vector<Offer> const& offers);
Result<std::vector<Offer>> decode_waiting(ByteSpan body);

/// The one place where a fault becomes a status, and the one where a status becomes a fault.
Refusal refusal_for(Error const& error);
Error error_for(Refusal const& refusal);

}  // namespace satchel::transfer
