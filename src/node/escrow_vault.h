// What escrow keeps on disk: blobs, and a row per (blob, recipient) that says for whom and why. A
// ticket that was given out has its blob, and a blob has a ticket, also after kill -9 at any
// instant. Blocks on the disk; safe from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/node/escrow_index.h"
#include "transfer/disk_blob_store.h"

namespace satchel::node {

/// Ciphertext that somebody is to get.
struct CarriedBlob {
    ContentId content_id;
    std::uint64_t bytes = 0;
    Bytes layer;  ///< piece layer
    std::shared_ptr<UniqueFd> file;
    /// All of it, where it goes along with its offer and is at hand.
    std::shared_ptr<Bytes const> whole{};
};

class EscrowVault {
public:
    /// Makes the folder where it is missing, forgets tickets whose blob is gone, and removes blobs
    /// that no ticket speaks for. Fault::unavailable while another process has the folder.
    static Result<std::unique_ptr<EscrowVault>> open(std::filesystem::path const& folder,
                                                     std::uint64_t quota_bytes, Clock const& clock);

    /// All that waits.
    Result<std::vector<EscrowItem>> waiting() { return index_.waiting(); }

    /// Tickets whose blobs were gone when it was opened.
    std::vector<std::string> const& lost() const { return lost_; }

    /// Keeps a blob for all `items`, which are about it and have tickets; for all or for none.
    /// Fault::no_space: the quota, or the disk.
    Status keep(CarriedBlob const& blob, std::vector<EscrowItem> const& items);

    Result<std::optional<EscrowItem>> find(std::string const& ticket) {
        return index_.find(ticket);
    }

    /// Fault::not_found where no blob of that name is kept.
    Result<CarriedBlob> open_blob(ContentId const& id);

    Status note_seen(Address const& recipient, std::vector<NodeKey> const& nodes,
                     std::optional<UserKey> const& user_key) {
        return index_.note_seen(recipient, nodes, user_key);
    }

    /// One more receipt. The blob goes with the last that is wanted; the first is kept until it is
    /// released. Unknown tickets are passed over.
    Status settle(std::string const& ticket, EscrowCopy const& copy);

    /// Nobody asks for the ticket any more: nothing is left of it, except where a first copy has
    /// arrived and others are wanted. Unknown ones are passed over.
    Status release(std::string const& ticket);

    /// The copies that there are have to do. A receipt that nobody has taken stays.
    Status give_up_copies(std::string const& ticket);

private:
    EscrowVault(std::unique_ptr<transfer::DiskBlobStore> store, EscrowIndex index)
        : store_(std::move(store))
        , index_(std::move(index)) {}

    Status store_blob(CarriedBlob const& blob, std::vector<EscrowItem> const& items);
    Status reconcile();
    Status end_copies(EscrowItem const& item);
    Status let_go(EscrowItem const& item);

    std::unique_ptr<transfer::DiskBlobStore> store_;
    EscrowIndex index_;
    std::vector<std::string> lost_;
};

}  // namespace satchel::node
