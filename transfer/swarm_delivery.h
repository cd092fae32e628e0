// Brings one blob to several storage nodes at once, which pass it on to each other (route swarm).
// Offers, piece layer and receipts go over the control connections, as on the direct route.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "src/base/asio.h"
#include "src/base/worker_pool.h"
#include "transfer/control_client.h"
#include "transfer/delivery.h"
#include "transfer/swarm.h"

namespace satchel::transfer {

struct SwarmReceiver {
    Offer offer;                      ///< signed, with the sender's swarm endpoints
    std::vector<Endpoint> endpoints;  ///< control
    std::vector<Endpoint> swarm;
    std::function<void(std::uint64_t done)> progress;  ///< bytes
    /// As soon as it is clear, whatever becomes of the others; once. A failure: it did not get
    /// the blob this way, for whatever reason; the direct route may do, and goes on with what was
    /// verified.
    std::function<void(Result<Delivered>)> settled;
};

struct SwarmDeliveryOrder {
    std::vector<SwarmReceiver> receivers;
    std::shared_ptr<UniqueFd> file;  ///< the blob
    std::uint64_t size = 0;
    Bytes layer;
    /// Whoever has not answered the offer by then is not waited for.
    std::chrono::milliseconds answer_patience{3'000};
    /// A receiver that gets no piece for so long is left to the direct route: a quarter of it where
    /// it is the last.
    std::chrono::milliseconds patience{20'000};
};

/// Returns when all are settled. Owner's thread.
asio::awaitable<void> deliver_by_swarm(ControlClient& client, Swarm& swarm, WorkerPool& workers,
                                       SwarmDeliveryOrder order);

}  // namespace satchel::transfer
