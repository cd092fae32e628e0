// What looking up an address gave, with the reason for each answer (claims 19-20).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "src/core/accept_policy.h"
#include "src/core/address.h"
#include "src/core/age_key.h"
#include "src/core/endpoint.h"
#include "src/core/gateway_place.h"
#include "src/core/keys.h"
#include "src/core/locator.h"

namespace satchel {

/// Ordered: a higher level vouches better.
enum class Trust { none = 0, first_seen = 1, domain = 2, pinned = 3 };
char const* to_string(Trust trust);  ///< "none", "first-seen", "domain", "pinned"
Result<Trust> parse_trust(std::string_view word);

struct NodeReport {
    NodeKey node_key;
    std::uint32_t priority = 0;
    std::vector<Endpoint> endpoints;  ///< control endpoints
    std::vector<Endpoint> swarm{};    ///< none: it takes part in no swarm
    bool available = false;
    bool pull_only = false;
    /// Opens its presence record; whoever knows the address may know it.
    std::array<Byte, 32> presence_secret{};
    std::string reason;  ///< why it is not available; "" if it is
};

struct LookupReport {
    Address address;          ///< as asked for
    Address storage_address;  ///< whose record it is: the same, or without its subaddress
    DhtKey dht_key{};         ///< zero where no locator was computed
    std::vector<std::uint64_t> slots{};  ///< value ids that were asked for
    bool storage = false;                ///< a valid record exists
    bool conclusive = true;  ///< false: a temporary failure, "no answer" rather than "no record"
    bool revoked = false;    ///< the newest word is the domain's: this user does not store for it
    Trust trust = Trust::none;
    bool trusted = false;    ///< trust reaches the configured minimum
    bool available = false;  ///< trusted, and some node is available
    std::optional<AgeRecipient> age_recipient{};
    std::optional<UserKey> user_key{};
    AcceptPolicy accept{};
    Bytes record{};  ///< encoded envelope of the storage record that says all this
    std::string page{};
    std::optional<GatewayPlace> gateway{};  ///< keeps what arrives while all nodes are off
    std::vector<NodeReport> nodes{};        ///< by priority
    std::string reason{};                   ///< why not trusted or not available; "" if it is
    std::string alarm{};  ///< a key has changed and nobody vouches for it: not trusted; "" if not
    std::vector<std::string> steps{};  ///< each step in words an admin understands, for `lookup -v`
};

/// On how many of its nodes a blob is to be: what its record asks for, and no more than there are.
std::uint64_t copies_wanted(LookupReport const& report);

}  // namespace satchel
