// What this home's programs may ask of its node, verb by verb, over the local socket.
#pragma once

#include <functional>
#include <utility>

#include "dht/address_resolver.h"
#include "dht/location_service.h"
#include "src/node/blob_sources.h"
#include "src/node/cataloguer.h"
#include "src/node/depositor.h"
#include "src/node/dht_introduction.h"
#include "src/node/doctor.h"
#include "src/node/enroller.h"
#include "src/node/local_api_server.h"
#include "src/node/publisher.h"
#include "src/node/record_guardian.h"
#include "src/node/retriever.h"
#include "src/node/storage_host.h"
#include "src/node/trust_view.h"
#include "transfer/blob_store.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class NodeVerbs {
public:
    struct World {
        asio::io_context& owner;
        Config const& config;
        Identity const& identity;
        TrustSource const& trust;
        location::LocationService& location;
        location::AddressResolver& resolver;
        Publisher& publisher;
        BlobCarrier const& carrier;
        Depositor& depositor;
        Escrow* escrow;  ///< null where nothing may be kept
        BlobSources& sources;
        Enroller& enroller;
        Doctor& doctor;
        RecordGuardian* guardian;  ///< null where nothing is kept for others
        Retriever& retriever;
        StorageHost const& host;
        transfer::BlobStore& store;
        WorkerPool& workers;
        DhtIntroduction& introduction;
        Json endpoints;                              ///< where this node listens: control, dht
        std::function<Result<Cataloguer*>()> names;  ///< of what is held; may block
    };

    explicit NodeVerbs(World world)
        : world_(std::move(world)) {}

    asio::awaitable<Result<Json>> answer(LocalCall& call);

    /// Where the page of this node is, and who opens it for the command line.
    void tell_page(std::string const& endpoint, LocalApiServer::Handler open_page) {
        world_.endpoints["web"] = endpoint;
        open_page_ = std::move(open_page);
    }

    /// "IP:PORT", or null.
    Json page() const { return world_.endpoints.value("web", Json()); }

private:
    asio::awaitable<Result<Json>> lookup(LocalCall& call);
    asio::awaitable<Result<Json>> publish(LocalCall& call);
    asio::awaitable<bool> stands(Address address);
    asio::awaitable<LookupReport> look_at_own(Address address, location::TrustInputs trust);
    asio::awaitable<Result<Json>> unpublish(LocalCall& call);
    asio::awaitable<Result<Json>> enroll(LocalCall& call);
    asio::awaitable<Result<Json>> revoke(LocalCall& call);
    asio::awaitable<Result<Json>> push(LocalCall& call);
    asio::awaitable<Result<Json>> deposit(LocalCall& call);
    asio::awaitable<Result<Json>> get(LocalCall& call);
    asio::awaitable<Result<Json>> open_restore(LocalCall& call);
    asio::awaitable<Result<Json>> describe(LocalCall& call);
    asio::awaitable<Result<Json>> ls(LocalCall& call);
    asio::awaitable<Result<Json>> rm(LocalCall& call);
    asio::awaitable<Result<Json>> status(LocalCall& call);
    asio::awaitable<Result<Json>> examine(LocalCall& call);
    asio::awaitable<Result<Json>> escrow_look(LocalCall& call);
    asio::awaitable<Result<Json>> escrow_hurry(LocalCall& call);
    asio::awaitable<Result<Json>> escrow_release(LocalCall& call);

    Result<Address> own_address(std::string const& text) const;
    /// Where this node knows nobody to begin with, the domains of those looked up may name nodes.
    asio::awaitable<void> wait_for_neighbours(std::vector<Address> looked_up = {});

    World world_;
    LocalApiServer::Handler open_page_;
};

}  // namespace satchel::node
