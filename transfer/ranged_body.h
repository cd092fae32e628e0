// The body of a PUT of blob bytes: one range, or several that fill gaps between what a swarm has
// brought. Owner's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "src/base/worker_pool.h"
#include "transfer/body_pump.h"
#include "transfer/http_head.h"
#include "transfer/upload_slot.h"

namespace satchel::transfer {

struct RangedBody {
    ContentRange ranges;
    bool masked = false;  ///< it comes beside TLS
    std::chrono::milliseconds chunk_patience{};
    std::function<void(std::uint64_t offset)> advanced;  ///< first byte still wanted
};

struct RangedResult {
    PumpResult moved;
    bool whole = true;  ///< false: bytes lack before a range, and it was not read
};

/// Reads it into the slot's upload, and after each range what came early. Whoever calls has the
/// turn.
asio::awaitable<RangedResult> receive_ranges(TlsChannel& channel, WorkerPool& pool,
                                             Traffic& traffic, std::shared_ptr<UploadSlot> slot,
                                             RangedBody body);

}  // namespace satchel::transfer
