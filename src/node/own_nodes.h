// The other nodes that store for this home's addresses: what they hold can be fetched here.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "dht/address_resolver.h"
#include "src/node/blob_fetcher.h"
#include "src/node/publisher.h"
#include "src/node/trust_view.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class OwnNodes {
public:
    struct World {
        asio::io_context& owner;
        Publisher const& publisher;
        location::AddressResolver& resolver;
        BlobFetcher& fetcher;
        Identity const& identity;
        TrustSource const& trust;
    };

    explicit OwnNodes(World world)
        : world_(world) {}

    /// Which have it, by priority; all are asked at once, and those not waited for that are silent
    /// while another has answered. Fault::not_found: none has.
    asio::awaitable<Result<std::vector<BlobHolder>>> find(ContentId id);

    /// Those that their presence says are there, without this one.
    asio::awaitable<std::vector<transfer::Peer>> others();

private:
    struct Inquiry;

    std::vector<Address> addresses_elsewhere() const;

    /// That their presence says are there, by priority.
    asio::awaitable<std::vector<transfer::Peer>> nodes_of(Address address);

    asio::awaitable<void> look(std::shared_ptr<Inquiry> inquiry, std::size_t place, Address address,
                               ContentId id);
    asio::awaitable<void> ask(std::shared_ptr<Inquiry> inquiry,
                              std::pair<std::size_t, std::size_t> rank, transfer::Peer peer,
                              ContentId id);

    World world_;
};

}  // namespace satchel::node
