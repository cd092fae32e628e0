// Brings a blob that another node keeps for this home's users into the own store.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/base/clock.h"
#include "src/base/worker_pool.h"
#include "src/core/offer.h"
#include "transfer/blob_store.h"
#include "transfer/control_client.h"

namespace satchel::node {

/// Who has a blob for us, and by what offer.
struct BlobHolder {
    transfer::Peer peer;
    Offer offer;
    std::string account;  ///< its bytes count against
};

/// Owner's thread; all references must outlive it.
class BlobFetcher {
public:
    using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

    struct World {
        asio::io_context& owner;
        WorkerPool& workers;
        transfer::ControlClient& client;
        transfer::BlobStore& store;
        Clock const& clock;
    };

    explicit BlobFetcher(World world)
        : world_(world) {}

    /// Asks `peer` what it keeps of this blob for us. Fault::not_found: it keeps none.
    asio::awaitable<Result<BlobHolder>> find(transfer::Peer peer, ContentId id);

    /// Takes the blob of an offer that this side believes. Held, verified and on disk on success.
    /// `others` have the same blob, and may bring parts of it.
    asio::awaitable<Status> take(BlobHolder holder, Progress progress,
                                 std::vector<BlobHolder> others = {});

private:
    asio::awaitable<Result<std::vector<Offer>>> ask(transfer::Peer peer, ContentId id);
    asio::awaitable<bool> is_here(ContentId id);
    asio::awaitable<Status> await_arrival(ContentId id);

    asio::awaitable<Status> fetch(BlobHolder holder, std::shared_ptr<transfer::BlobUpload> into,
                                  Progress progress, std::vector<BlobHolder> others);

    World world_;
    std::size_t joint_ = 0;  ///< fetches under way from several nodes: each keeps some MiB ahead
};

}  // namespace satchel::node
