// The other nodes that store for this home's addresses: what they hold can be fetched here.
#pragma once

#include "dht/address_resolver.h"
#include "src/node/blob_fetcher.h"
#include "src/node/publisher.h"
#include "src/node/trust_view.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class OwnNodes {
public:
    struct World {
        Publisher const& publisher;
        location::AddressResolver& resolver;
        BlobFetcher& fetcher;
        Identity const& identity;
        TrustSource const& trust;
    };

    explicit OwnNodes(World world)
        : world_(world) {}

    /// From the first that has it, by priority. Fault::not_found: none has.
    asio::awaitable<Status> fetch(ContentId id, BlobFetcher::Progress progress);

private:
    World world_;
};

}  // namespace satchel::node
