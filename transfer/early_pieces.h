// Pieces of one blob that came before their turn, by a swarm: they wait in its file, and go into
// the upload, verified there like all else, as soon as it has got so far. By whichever route the
// rest comes, they need not come again. Owner's thread; the disk is the pool's.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "src/base/asio.h"
#include "src/base/worker_pool.h"
#include "transfer/swarm_file.h"
#include "transfer/upload_slot.h"

namespace satchel::transfer {

class EarlyPieces {
public:
    EarlyPieces(std::shared_ptr<SwarmFile> file, std::uint64_t blob_bytes, std::vector<bool> here);

    /// What a swarm has left of a blob, null where it is nothing. Not hashed before its turn.
    /// `layer` is verified. Blocks.
    static std::shared_ptr<EarlyPieces> find(std::filesystem::path const& folder,
                                             ContentId const& id, std::uint64_t blob_bytes,
                                             Bytes layer);

    /// Of a look through what is there: bytes looked at so far, right or not. False: no further.
    using Look = std::function<bool(std::uint64_t looked_at)>;

    /// For a swarm: hashed, as others get them from here, and with those that the upload has in
    /// some other way. `layer` is verified. Of a large blob that takes long: some MiB at a time,
    /// and whoever calls has the upload's turn. Fault::unavailable: no further.
    static asio::awaitable<Result<std::shared_ptr<EarlyPieces>>> share(
        WorkerPool& pool, std::shared_ptr<SwarmFile> file, std::uint64_t blob_bytes,
        std::shared_ptr<BlobUpload const> upload, Look look);

    SwarmFile const& file() const { return *file_; }

    /// By piece: here, if the swarm's process tells, or has written, the truth.
    std::vector<bool> const& here() const { return here_; }

    std::uint64_t bytes() const;

    /// The process says that it is in the file.
    void note(std::uint64_t index) { here_[index] = true; }

    /// The piece that this byte is in.
    bool has(std::uint64_t offset) const;

    /// Where the next one begins, after this byte.
    std::optional<std::uint64_t> next_after(std::uint64_t offset) const;

    /// What lacks behind this byte, which is in a piece that is here.
    std::vector<Gap> gaps_after(std::uint64_t offset, std::size_t most) const;

    /// What the upload lacks of the piece that it has got to, which must be here. Whoever calls
    /// has the turn. Fault::corrupt: it is wrong, and counts as not come.
    asio::awaitable<Status> feed_one(std::shared_ptr<BlobUpload> upload, WorkerPool& pool);

    /// Once a piece was wrong the others are hashed, as far as the time goes: what is left is
    /// believed until the next wrong one. Of a large blob all that takes longer than a sender
    /// waits.
    asio::awaitable<void> doubt(WorkerPool& pool, std::chrono::steady_clock::time_point until);

private:
    asio::awaitable<std::vector<bool>> look_at(WorkerPool& pool, std::uint64_t first,
                                               std::uint64_t end);
    void found_wrong(std::uint64_t index);

    std::shared_ptr<SwarmFile> file_;
    std::uint64_t size_;
    std::vector<bool> here_;
    std::optional<std::uint64_t> doubted_;  ///< those before it, once one was wrong
};

/// All of the slot's early pieces whose turn it is, or as many as a sender waits for. A wrong one
/// is no failure: it is wanted again. Whoever calls has the turn.
asio::awaitable<Status> feed_early(std::shared_ptr<UploadSlot> slot, WorkerPool& pool,
                                   std::chrono::seconds sender_patience = std::chrono::seconds(10));

}  // namespace satchel::transfer
