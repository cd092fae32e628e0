// Moves the bodies of blobs between a connection and the disk, so that network, hashing and disk
// overlap: one chunk is under way on a worker while the next one is on the wire. Owner's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "src/base/worker_pool.h"
#include "transfer/blob_store.h"
#include "transfer/control_limits.h"
#include "transfer/growing_blob.h"
#include "transfer/tls_channel.h"
#include "transfer/traffic.h"

namespace satchel::transfer {

struct IncomingBody {
    std::uint64_t bytes = 0;  ///< of the body
    std::uint64_t skip = 0;   ///< leading ones that the upload has already
    bool masked = false;      ///< it comes beside TLS
    std::chrono::milliseconds chunk_patience{};
    /// Instead of that. Of a chunk that breaks off all that came is taken, then.
    std::optional<Pace> pace{};
    std::function<void(std::uint64_t offset)> advanced;  ///< first byte still wanted
};

struct PumpResult {
    Status network;  ///< the connection broke, or was too slow
    Status disk;     ///< the upload refused
};

/// Reads the whole body, or up to the first failure. When it returns no worker touches the upload.
asio::awaitable<PumpResult> receive_body(TlsChannel& channel, WorkerPool& pool, Traffic& traffic,
                                         std::shared_ptr<BlobUpload> upload, IncomingBody body);

struct OutgoingBody {
    std::shared_ptr<UniqueFd> file;
    std::uint64_t first = 0;
    std::uint64_t bytes = 0;
    bool masked = false;  ///< it goes beside TLS
    std::chrono::milliseconds chunk_patience{};
    std::function<bool(std::uint64_t sent)> go_on;  ///< false stops; bytes of this body so far
    std::shared_ptr<GrowingBlob> growth{};          ///< instead of the file: it is being made
};

/// As above. The disk fails too where the file turns out shorter.
asio::awaitable<PumpResult> send_body(TlsChannel& channel, WorkerPool& pool, Traffic& traffic,
                                      OutgoingBody body);

}  // namespace satchel::transfer
