// Blobs whose bytes go ahead while they are still being encrypted, so that a process that was
// killed in the middle goes on with the same blob: what has arrived of it is worth something only
// under the same key. Other than begun blobs (begun_blobs.h) they have no name as yet.
//
// One key must never encrypt two versions of a content. So what has left is noted, and compared
// with the content when it goes on (transfer/blob_journal.h); and where what was noted may be lost
// though it was sent, after the machine was started anew, the key is thrown away.
#pragma once

#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "src/base/randomness.h"
#include "src/core/age_key.h"
#include "src/core/offer.h"
#include "src/node/begun_blobs.h"
#include "transfer/outgoing_blob.h"

namespace satchel::node {

/// All calls block on the disk, and are safe from any thread.
class UnfinishedBlobs {
public:
    struct World {
        std::filesystem::path folder;
        std::span<AgeIdentity const> identities;  ///< of this home; the first one seals
        Randomness& randomness;
        std::string boot;  ///< tells one start of the machine from others; "": nothing is kept
    };

    static constexpr std::size_t kept_max = 16;  ///< that nobody is at; the oldest give way

    /// Removes what can't be gone on with. The identities must outlive this.
    explicit UnfinishedBlobs(World world);

    struct Unfinished {
        transfer::BlobDraft draft;
        OfferId offer;  ///< by which its bytes may have gone ahead
    };

    /// What was left of this errand, and only once; else a new one, with that offer.
    /// None where it can't be kept, or where somebody else is at the same errand just now.
    std::optional<Unfinished> begin(Errand const& errand, OfferId const& offer);

    /// It is finished, or will never be.
    void forget(Errand const& errand);

    /// It was broken off: whoever comes with the same errand goes on, as after a kill.
    void leave(Errand const& errand);

private:
    std::filesystem::path journal_file(Errand const& errand) const;
    std::filesystem::path job_file(Errand const& errand) const;
    std::optional<Unfinished> open(Errand const& errand) const;
    std::optional<Unfinished> create(Errand const& errand, OfferId const& offer) const;
    void remove(Errand const& errand) const;

    World world_;
    std::mutex mutex_;          ///< guards what follows
    std::deque<Errand> left_;   ///< the oldest first
    std::set<Errand> current_;  ///< somebody is at it
};

/// This start of the machine; "" where nobody knows.
std::string machine_boot();

}  // namespace satchel::node
