// The blob store in a folder. A blob's file appears under its name only when it is verified and
// synced; the index (SQLite) then says whom it is for. Uploads keep only verified pieces, so the
// length of a partial file is its journal: after kill -9 it is gone on with from there.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "src/base/clock.h"
#include "src/core/limits.h"
#include "transfer/blob_store.h"

namespace satchel::transfer {

struct DiskStoreOptions {
    std::filesystem::path folder;
    StoreQuota quota;
    std::uint64_t disk_margin_bytes = 64 * 1024 * 1024;  ///< left free for everybody else
    std::uint64_t partial_lifetime_seconds = 3 * 24 * 3600;
    std::uint64_t draft_lifetime_seconds = 2 * limits::offer_lifetime_seconds;
    /// A holding has begun or ended; may be empty. Called from any thread, must not block.
    std::function<void(ContentId const&)> changed{};
};

/// A blob on its way into the store.
struct ArrivingBlob {
    ContentId id;
    std::uint64_t size = 0;      ///< of the blob, in bytes
    std::uint64_t verified = 0;  ///< bytes of it that are here
    std::string sender;          ///< whose quota it counts against; "" for none
};

/// What opening found amiss between files and index, and put right.
struct Reconciliation {
    std::vector<ContentId> lost;  ///< held by the index, but the file is gone or has another size
    std::vector<std::filesystem::path> stray;  ///< removed files that nothing speaks for
    std::uint64_t stale_partials = 0;          ///< removed for their age

    bool clean() const { return lost.empty() && stray.empty() && stale_partials == 0; }
};

struct DiskStoreState;

class DiskBlobStore final : public BlobStore {
public:
    /// Fault::unavailable while another process has the folder.
    static Result<std::unique_ptr<DiskBlobStore>> open(DiskStoreOptions options,
                                                       Clock const& clock);

    ~DiskBlobStore() override;

    Reconciliation const& opening() const { return opening_; }

    /// Folder for blobs on their way out (outgoing_blob.h), on the same disk.
    std::filesystem::path outbox() const;

    Result<std::unique_ptr<BlobUpload>> receive(ContentId const& id, std::uint64_t size,
                                                std::string const& sender) override;
    Result<std::unique_ptr<BlobUpload>> receive_draft(ContentId const& stand_in, std::uint64_t size,
                                                      std::string const& sender) override;
    /// A small one is durable in the index first, by a single sync; settle() syncs its file.
    Status take(ContentId const& id, ByteSpan blob, Holding const& holding) override;
    Status settle() override;
    Status name_draft(ContentId const& stand_in, ContentId const& id, std::uint64_t size) override;
    Status hold(ContentId const& id, Holding const& holding) override;
    /// What is right of its beginning need not come again.
    Result<bool> set_aside(ContentId const& id) override;
    Result<std::optional<HeldBlob>> find(ContentId const& id) override;
    Result<std::optional<HeldBlob>> find_listed(ContentId const& id) override;
    Result<std::vector<HeldBlob>> list() override;
    Result<std::vector<HeldBlob>> list_after(std::optional<ContentId> const& after,
                                             std::size_t most) override;
    Result<std::vector<HeldBlob>> list_arrived_after(std::uint64_t arrival,
                                                     std::size_t most) override;
    /// Fault::no_space: its bytes are in the index alone, and find no room for a file.
    Result<UniqueFd> open(ContentId const& id) override;
    Result<Bytes> layer(ContentId const& id) override;
    std::uint64_t received_so_far(ContentId const& id) override;
    Result<bool> release(ContentId const& id, AddressTag const& recipient) override;
    Result<StoreUsage> usage() override;

    std::vector<ArrivingBlob> arriving() const;

    /// Reads all of a blob that is held: is it what its name says? What is set aside is not.
    /// Fault::not_found: it isn't held.
    Result<bool> is_whole(ContentId const& id);

private:
    DiskBlobStore(std::shared_ptr<DiskStoreState> state, Reconciliation opening);
    Status reserve(ContentId const& id, std::uint64_t size, std::string const& sender);
    /// The mutex is held.
    Status may_come(ContentId const& id, std::uint64_t size, std::string const& sender);

    std::shared_ptr<DiskStoreState> state_;
    Reconciliation opening_;
};

}  // namespace satchel::transfer
