// Brings one offered blob to one storage node, and comes back with its receipt (routes inline and
// direct).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "src/base/asio.h"
#include "src/core/endpoint.h"
#include "src/core/offer.h"
#include "src/core/receipt.h"
#include "transfer/control_client.h"
#include "transfer/route.h"

namespace satchel::transfer {

struct DeliveryOrder {
    Offer offer;  ///< signed
    std::vector<Endpoint> endpoints;
    std::shared_ptr<UniqueFd> file;                    ///< the blob
    Bytes layer;                                       ///< its piece layer
    std::function<void(std::uint64_t done)> progress;  ///< bytes
    /// For a receiver that went away in the middle: without progress for so long, it is given up.
    std::chrono::milliseconds patience{75'000};
    /// Where there is no endpoint: asked for each connection.
    std::function<asio::awaitable<Result<MeetingPlace>>()> meet{};
};

struct Delivered {
    Receipt receipt;
    Route route = Route::direct;
};

/// Success: the addressed node has signed that it holds this blob. A connection that breaks is
/// taken up again where the other side left off, as long as something moves. Owner's thread.
asio::awaitable<Result<Delivered>> deliver(ControlClient& client, WorkerPool& workers,
                                           DeliveryOrder order);

}  // namespace satchel::transfer
