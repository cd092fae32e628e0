// "Please take this blob": the sender's side signs it, the storage node's admission judges it.
// Bytes: src/core/FORMATS.md, "Offer".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/binding.h"
#include "src/core/content_id.h"
#include "src/core/endpoint.h"
#include "src/core/keys.h"
#include "src/core/locator.h"

namespace satchel {

struct OfferId {
    std::array<Byte, 16> bytes{};

    static Result<OfferId> parse(std::string_view hex);
    std::string to_hex() const;
    friend auto operator<=>(OfferId const&, OfferId const&) = default;
};

struct Offer {
    OfferId id;
    ContentId content_id;
    std::uint64_t size = 0;  ///< of the blob, in bytes
    std::string sender;      ///< normal form of the sender's address; "" when unknown
    std::optional<Binding> sender_binding;
    AddressTag recipient{};
    Bytes grant;  ///< age header for the recipient
    Bytes label;  ///< small age file for the recipient: name, type, message id, sender, subject
    NodeKey recipient_node;
    NodeKey sender_node;  ///< key of the TLS connection that delivers
    std::vector<Endpoint> control;
    std::vector<Endpoint> swarm;
    std::uint64_t expires = 0;  ///< Unix seconds
    PublicKey signer;           ///< the bound user key, or a gateway key
    Signature signature{};

    friend bool operator==(Offer const&, Offer const&) = default;
};

Offer sign_offer(Offer draft, SigningKey const& signer);
bool offer_signature_holds(Offer const& offer);

Bytes encode_offer(Offer const& offer);
Result<Offer> decode_offer(ByteSpan bytes);

/// BLAKE2b-256 of the encoded offer: what a receipt is for.
using OfferDigest = std::array<Byte, 32>;
OfferDigest digest_of(Offer const& offer);

}  // namespace satchel
