// A blob arriving in a disk store.
#pragma once

#include <memory>

#include "src/base/unique_fd.h"
#include "transfer/blob_store.h"
#include "transfer/disk_store_state.h"
#include "transfer/piece_verifier.h"

namespace satchel::transfer {

class DiskBlobUpload final : public BlobUpload {
public:
    /// For an arrival that is entered already; it leaves with this object. Goes on with a partial
    /// where one is there, after hashing what this process has not hashed before.
    static Result<std::unique_ptr<BlobUpload>> begin(std::shared_ptr<DiskStoreState> state,
                                                     ContentId const& id);

    /// The same for a draft. Its row outlives a crash from the first byte on.
    static Result<std::unique_ptr<BlobUpload>> begin_draft(
        std::shared_ptr<DiskStoreState> const& state, ContentId const& stand_in);

    DiskBlobUpload(DiskBlobUpload const&) = delete;
    DiskBlobUpload& operator=(DiskBlobUpload const&) = delete;
    ~DiskBlobUpload() override;

    std::uint64_t offset() const override { return verifier_.offset(); }

    Status set_layer(ByteSpan layer) override;
    Status write(ByteSpan more) override;
    Status read(std::uint64_t at, std::span<Byte> into) const override;
    Status sync() override;
    Status take_name(ContentId const& id) override;
    Status finish(Holding const& holding) override;

private:
    DiskBlobUpload(std::shared_ptr<DiskStoreState> state, ContentId const& id,
                   Arrival const& arrival);

    Status open();
    Status go_on_with(PartialBlob const& partial);
    Status go_on_from(std::uint64_t kept);
    Status reserve_disk();
    Status keep(std::uint64_t at, ByteSpan part);
    void write_back(std::uint64_t up_to);
    void cut_to(std::uint64_t bytes);
    /// Bytes that are worth keeping when this ends.
    std::uint64_t kept_bytes() const;
    PartialBlob as_partial() const;
    void note_verified();

    std::shared_ptr<DiskStoreState> state_;
    ContentId id_;
    Arrival arrival_;
    PieceVerifier verifier_;
    UniqueFd fd_;
    Bytes layer_;
    std::uint64_t written_back_ = 0;  ///< bytes that the disk has been told to take
    bool was_draft_ = false;          ///< whole pieces are kept though no layer is known
    bool synced_ = false;             ///< all that came is on the disk
    bool entered_ = false;            ///< the index has the partial
    bool held_ = false;               ///< finished: nothing to keep or remove
};

}  // namespace satchel::transfer
