// Blobs whose delivery has begun, so that a process that was killed goes on with the same blob when
// it is asked for the same errand again: a blob made anew has another name, and all of it would be
// sent again. What opens them is sealed to this home's own age identity.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <span>

#include "src/base/clock.h"
#include "src/base/randomness.h"
#include "src/base/sha256.h"
#include "src/core/age_key.h"
#include "src/core/offer.h"
#include "transfer/outgoing_blob.h"

namespace satchel::node {

/// Digest of what is to be sent to whom: equal ones are one errand, tried again.
using Errand = Sha256Digest;

/// All calls block on the disk, and are safe from any thread.
class BegunBlobs {
public:
    struct World {
        std::filesystem::path folder;  ///< on the disk that outgoing blobs are written to
        std::span<AgeIdentity const> identities;  ///< of this home; the first one seals
        Clock const& clock;
        Randomness& randomness;
        /// All kept blobs together; the newest is kept however large it is, as it is there already.
        std::uint64_t bytes_max = std::uint64_t{8} * 1024 * 1024 * 1024;
    };

    /// Smaller blobs are sent again as quickly as they are found.
    static constexpr std::uint64_t blob_bytes_min = std::uint64_t{4} * 1024 * 1024;
    static constexpr std::size_t kept_max = 16;                       ///< the oldest give way
    static constexpr std::uint64_t lifetime_seconds = 3 * 24 * 3600;  ///< as partials live

    /// Removes what is too old. The identities must outlive this.
    explicit BegunBlobs(World world);

    struct TakenUp {
        transfer::OutgoingBlob blob;
        OfferId offer;
    };

    /// The blob of this errand, if it was begun and is whole: it is hashed again.
    std::optional<TakenUp> take_up(Errand const& errand);

    /// Gives the blob's file a name. Not synced: after a power cut the blob is made anew. Where it
    /// can't be kept, nothing is lost but that. `offer`: by which its bytes may have gone ahead of
    /// its name.
    void keep(Errand const& errand, transfer::OutgoingBlob const& blob, OfferId const& offer);

    /// The errand is done.
    void forget(ContentId const& id);

    /// Nothing of it was sent this time: not worth keeping, unless it was begun before.
    void forget_if_new(ContentId const& id);

private:
    struct Begun;

    std::filesystem::path blob_file(ContentId const& id) const;
    std::filesystem::path job_file(ContentId const& id) const;
    std::optional<Begun> read_job(std::filesystem::path const& file) const;
    std::optional<TakenUp> open(Begun begun) const;
    void make_room(std::uint64_t bytes);

    World world_;
    std::mutex mutex_;  ///< guards the folder, and what follows
    std::set<ContentId> taken_up_;
};

}  // namespace satchel::node
