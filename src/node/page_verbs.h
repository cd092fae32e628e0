// What a node's page asks of its node beside the verbs of the command line: lists of attachments
// and their details. Same form, so that the page is one more client of the local API.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "src/base/clock.h"
#include "src/core/config.h"
#include "src/core/home.h"
#include "src/core/receipt_book.h"
#include "src/node/blob_carrier.h"
#include "src/node/blob_sources.h"
#include "src/node/cataloguer.h"
#include "src/node/copy_keeper.h"
#include "src/node/elsewhere.h"
#include "src/node/escrow.h"
#include "src/node/local_api_server.h"
#include "transfer/control_server.h"
#include "transfer/disk_blob_store.h"

namespace satchel::node {

/// Owner's thread; all references must outlive it.
class PageVerbs {
public:
    struct World {
        WorkerPool& workers;
        Home const& home;
        Config const& config;
        Identity const& identity;
        Clock const& clock;
        transfer::DiskBlobStore& store;
        transfer::ControlServer& server;
        BlobCarrier const& carrier;
        BlobSources& sources;
        CopyKeeper& copies;
        Escrow const& escrow;
        ReceiptBook const& receipts;
        TransferBoard const& transfers;
    };

    PageVerbs(World world, Cataloguer& cataloguer, Elsewhere& elsewhere)
        : world_(world)
        , cataloguer_(cataloguer)
        , elsewhere_(elsewhere) {}

    /// None: not a verb of the page.
    LocalApiServer::Handler handler_of(std::string const& verb);

private:
    asio::awaitable<Result<Json>> attachments(LocalCall& call);
    asio::awaitable<Result<Json>> attachment(LocalCall& call);
    asio::awaitable<Result<Json>> pulse(LocalCall& call);
    asio::awaitable<Result<Json>> storage(LocalCall& call);
    asio::awaitable<Result<Json>> receipts(LocalCall& call);
    asio::awaitable<Result<Json>> fetch(LocalCall& call);
    asio::awaitable<Result<Json>> mail(LocalCall& call);
    /// By the gateway of this home, if one runs.
    asio::awaitable<Result<Json>> ask_gateway(LocalCall& call, std::string verb);

    Json transfers();
    std::string name_of_arriving(ContentId const& id);

    World world_;
    Cataloguer& cataloguer_;
    Elsewhere& elsewhere_;
    std::map<ContentId, std::string> arriving_names_;
};

}  // namespace satchel::node
