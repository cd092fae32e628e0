// What a reader believes: whether a storage record that lies at an address is this address's, and
// who vouches for it (DESIGN.md section 3). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/result.h"
#include "src/core/address.h"
#include "src/core/keys.h"
#include "src/core/lookup_report.h"
#include "src/core/presence_record.h"
#include "src/core/record_envelope.h"
#include "src/core/storage_record.h"

namespace satchel::location {

/// What the reader knows of an address beforehand.
struct TrustInputs {
    std::optional<UserKey> pinned;       ///< the contact list's key for this address
    std::vector<DomainKey> domain_keys;  ///< of exactly this address's domain
    Trust minimum = Trust::domain;
    std::optional<UserKey> first_seen{};  ///< the key that counts at level `first-seen`
    bool domain_has_spoken = false;       ///< it has or had keys: `first-seen` is not for its users
    std::string alarm{};      ///< the domain's keys have changed and nobody vouches for it
    std::string temporary{};  ///< why more may be known later: DNS could not be asked. "" if not
    std::vector<std::string> steps{};  ///< how this is known, in words an admin understands

    /// Somebody's word is there to be weighed.
    bool has_keys() const { return pinned || !domain_keys.empty(); }
};

/// A storage record that somebody we trust stands behind, or such a somebody's word that there is
/// none any more.
struct StorageFinding {
    enum class State {
        stores,     ///< nodes are named
        withdrawn,  ///< the user named no nodes
        revoked,    ///< the domain took the slot back; `record` is empty
    };
    State state = State::stores;
    Trust trust = Trust::none;
    RecordEnvelope envelope;
    std::optional<StorageRecord> record;
};

/// `envelope` has passed check_record. Fault::untrusted: a record, but nobody we trust vouches for
/// it, and the words say why. Fault::corrupt: the body doesn't open or parse.
Result<StorageFinding> believe_storage(RecordEnvelope const& envelope, SealKey const& seal,
                                       Address const& asked, TrustInputs const& inputs,
                                       std::uint64_t now_seconds);

/// The presence of `node`, from an envelope that has passed check_record. Fault::corrupt: doesn't
/// open with this secret: the node has changed it, or it is a forgery's.
Result<PresenceRecord> believe_presence(RecordEnvelope const& envelope, StorageNode const& node);

}  // namespace satchel::location
