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

    /// Asks `peer` what it keeps of this blob for us, and takes it. Fault::not_found: it keeps
    /// none.
    asio::awaitable<Status> fetch(transfer::Peer peer, ContentId id, Progress progress);

    /// Takes the blob of an offer that this side believes. Held, verified and on disk on success.
    /// Its bytes count against `account`.
    asio::awaitable<Status> take(transfer::Peer peer, Offer offer, std::string account,
                                 Progress progress);

private:
    asio::awaitable<Result<std::vector<Offer>>> ask(transfer::Peer peer, ContentId id);
    asio::awaitable<bool> is_here(ContentId id);
    asio::awaitable<Status> await_arrival(ContentId id);

    World world_;
};

}  // namespace satchel::node
