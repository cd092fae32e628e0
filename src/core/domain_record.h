// What a mail domain says of itself in DNS: the TXT record at `_satchel.<domain>`. Text and bytes:
// src/core/FORMATS.md, "Domain record".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/result.h"
#include "src/core/host_port.h"
#include "src/core/keys.h"

namespace satchel {

/// The word of a domain's older key that a newer one follows it.
struct DomainVouch {
    DomainKey by;
    Signature signature{};

    friend bool operator==(DomainVouch const&, DomainVouch const&) = default;
};

/// One record stands for one key. A domain that changes its key publishes two for a while.
struct DomainRecord {
    DomainKey key;
    std::vector<PublicKey> gateway_keys;  ///< may sign offers for the domain's senders
    std::optional<HostPort> gateway;      ///< control endpoint of the domain's gateway
    std::vector<HostPort> dht_bootstrap;
    std::optional<DomainVouch> vouch;

    /// The value as one text; in DNS it is cut into strings of at most 255 octets.
    std::string to_text() const;

    /// Strict where it matters, deaf to tags of later versions. Fault::not_found: a record of
    /// something else, or of another version. Fault::corrupt: damaged, and the words say where.
    static Result<DomainRecord> parse(std::string_view text);

    friend bool operator==(DomainRecord const&, DomainRecord const&) = default;
};

/// `domain` in A-labels.
DomainVouch vouch_for(DomainKey const& newer, std::string const& domain, SigningKey const& older);
bool vouch_holds(DomainVouch const& vouch, DomainKey const& newer, std::string const& domain);

/// Where the record of a domain lies: `_satchel.<domain>`.
std::string domain_record_name(std::string const& domain);

}  // namespace satchel
