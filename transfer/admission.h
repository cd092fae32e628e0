// May this offer come in? A pure decision over what the node knows (DESIGN: section 5, admission).
// Each refusal has a status, a code for programs, and a reason for a person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/core/accept_policy.h"
#include "src/core/address.h"
#include "src/core/keys.h"
#include "src/core/offer.h"
#include "transfer/control_message.h"

namespace satchel::transfer {

/// Whom a domain vouches for.
struct DomainTrust {
    std::vector<DomainKey> keys;
    std::vector<PublicKey> gateway_keys;
};

struct AdmissionFacts {
    NodeKey self;
    NodeKey caller;  ///< key of the TLS connection
    std::uint64_t now_seconds = 0;
    bool available = true;
    AcceptPolicy accept;
    std::optional<Address> recipient;     ///< the address behind the offer's tag, if served here
    DomainTrust sender_domain;            ///< of the domain of `offer.sender`
    std::vector<PublicKey> own_gateways;  ///< gateways of the users stored for here
    std::optional<UserKey> contact_key;   ///< pinned for `offer.sender`, if in the address book
    bool by_own_node = false;             ///< the caller is another node of the recipient's
};

/// Whose word an offer is.
struct Admitted {
    bool attested = false;

    /// What the bytes are counted against: the sender's address where it is attested, behind
    /// own_gateway_account where only our own gateway says so. All others share one account, so
    /// that a forger can't use up somebody's quota, nor gain by new keys.
    std::string account;
};

/// Before the address of a sender for whom the recipient's own gateway speaks.
inline constexpr char const* own_gateway_account = "by mail: ";

/// The account of all senders that nobody vouches for. Not an address.
inline constexpr char const* unverified_account = "unverified";

/// Is the offer signed by the sender's bound user key, or by a gateway key of the sender's domain?
bool is_attested(Offer const& offer, DomainTrust const& sender_domain, std::uint64_t now_seconds);

struct Admission {
    std::optional<Refusal> refusal;
    Admitted admitted;  ///< where there is no refusal
};

Admission admit(Offer const& offer, AdmissionFacts const& facts);

}  // namespace satchel::transfer
