// Brings one offered blob to one storage node, and comes back with its receipt (routes inline and
// direct).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
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
    std::shared_ptr<UniqueFd> file;  ///< the blob; null: Fault::not_found where it is asked for
    Bytes layer;                     ///< its piece layer
    std::function<void(std::uint64_t done)> progress;  ///< bytes
    /// For a receiver that went away in the middle: without progress for so long, it is given up.
    std::chrono::milliseconds patience{75'000};
    /// Where there is no endpoint: asked for each connection.
    std::function<asio::awaitable<Result<MeetingPlace>>()> meet{};
    /// A transfer may take longer than its offer lives, and break off then: the same offer, signed
    /// to live on. None: it was refused for another reason.
    std::function<std::optional<Offer>(Offer const&)> renew{};
    /// Bytes went ahead by the draft of this offer: it is worth going on also where the node can't
    /// be reached just now.
    bool begun = false;
    /// All of the blob, where it is at hand: what goes along with the offer need not be read.
    std::shared_ptr<Bytes const> whole{};
};

struct Delivered {
    Receipt receipt;
    Route route = Route::direct;
    std::optional<Offer> renewed{};  ///< the receipt is for this one, not for the one of the order
};

struct AheadOrder {
    Offer draft;  ///< signed (draft_offer.h)
    std::vector<Endpoint> endpoints;
    std::shared_ptr<GrowingBlob> blob;
    std::function<void(std::uint64_t done)> progress;  ///< bytes
    /// An earlier process knew the blob's name: it may have closed the draft. A node that has
    /// nothing of the draft gets nothing of it either, as the offer proper may find all there.
    bool was_named = false;
};

/// Sends a blob's bytes while it is still being made. Whatever comes of it, deliver() with the
/// offer proper, of the same id, goes on from there. Success: nothing else can go ahead, as all
/// of it is on the addressed node's disk, or may be.
asio::awaitable<Status> send_ahead(ControlClient& client, AheadOrder order);

/// Success: the addressed node has signed that it holds this blob. A connection that breaks is
/// taken up again where the other side left off, as long as something moves. Owner's thread.
asio::awaitable<Result<Delivered>> deliver(ControlClient& client, WorkerPool& workers,
                                           DeliveryOrder order);

}  // namespace satchel::transfer
